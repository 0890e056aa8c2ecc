"""The sentences of a speech, and when they were heard."""

from __future__ import annotations

from agent.reports.cues import Caption, Captions, cues, sentences

TEXT = "One, two. Three? Four"


def test_texts_are_cut_after_their_sentences() -> None:
    """Every character but a space belongs to a sentence, in any script."""
    assert [TEXT[start:end] for start, end in sentences(TEXT)] == ["One, two. ", "Three? ", "Four"]
    chinese = "你好。再见。"
    assert [chinese[start:end] for start, end in sentences(chinese)] == ["你好。", "再见。"]


def test_a_decimal_point_does_not_end_a_sentence() -> None:
    """A space has to follow a full stop."""
    assert sentences("It is 3.5 m.") == [(0, 12)]


def test_captions_with_other_spaces_belong_to_the_text() -> None:
    """Captions may be cut at any character."""
    captions = Captions([Caption(1.0, "One, "), Caption(2.0, "two. Thr"), Caption(3.0, "ee?"), Caption(4.0, " Four")])

    assert cues(TEXT, captions.times(TEXT), 0.5) == [(1.0, 0, 10), (2.0, 10, 17), (4.0, 17, 21)]


def test_repeated_words_have_their_own_times() -> None:
    """The texts are matched in order."""
    captions = Captions([Caption(1.0, "Yes."), Caption(2.0, "Another."), Caption(3.0, "Yes.")])

    assert [captions.times(text) for text in ("Yes.", "Yes.")] == [[1.0] * 4, [3.0] * 4]


def test_a_speech_without_captions_takes_none_of_the_others() -> None:
    """It is one cue, at its start."""
    captions = Captions([Caption(1.0, "Yes.")])

    assert cues("Unseen.", captions.times("Unseen."), 0.5) == [(0.5, 0, 7)]
    assert captions.times("Yes.") == [1.0] * 4
    assert captions.times("") is None
