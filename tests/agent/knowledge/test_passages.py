"""Documents are cut into passages: no text is lost, and no passage is too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.passages import Section, passages, sections_of_markdown


def test_markdown_is_cut_at_its_headings() -> None:
    """Text before the first heading has none."""
    sections = sections_of_markdown("Hello.\n\n# Returns #\nThirty days.\n\n## Empty\n### Refunds\nA week.\n")

    assert [(each.where, each.text.strip()) for each in sections] == [
        ("", "Hello."),
        ("Returns", "Thirty days."),
        ("Refunds", "A week."),
    ]


def test_short_paragraphs_are_one_passage() -> None:
    """Passages never join two sections."""
    cut = passages([Section("a", "One.\n\nTwo.\n \nThree."), Section("b", "Four.")])

    assert cut == [Section("a", "One.\nTwo.\nThree."), Section("b", "Four.")]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    """This also holds in scripts without spaces."""
    for sentence in ("This is a sentence of a handbook. ", "これは手引きの一文です。"):
        cut = passages([Section("", sentence * 100)])

        assert len(cut) > 1
        assert all(each.text.endswith(sentence.strip()) for each in cut)


@given(st.text(max_size=3_000))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    """Only spaces may be lost, whatever the text is."""
    cut = passages([Section("", text)])

    assert all(0 < len(each.text) <= 900 for each in cut)
    assert "".join("".join(each.text.split()) for each in cut) == "".join(text.split())
