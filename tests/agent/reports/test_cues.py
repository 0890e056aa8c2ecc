"""Sentences of a speech, and when they were heard."""

from __future__ import annotations

from agent.reports.cues import Caption, Captions, cues, sentences

TEXT = "One, two. Three? Four"


def test_texts_are_cut_behind_their_sentences() -> None:
    """Every character but a blank is in one of them, in any script."""
    assert [TEXT[start:end] for start, end in sentences(TEXT)] == ["One, two. ", "Three? ", "Four"]
    chinese = "你好。再见。"
    assert [chinese[start:end] for start, end in sentences(chinese)] == ["你好。", "再见。"]


def test_a_number_with_a_point_is_no_end() -> None:
    """A blank has to follow."""
    assert sentences("It is 3.5 m.") == [(0, 12)]


def test_captions_with_other_blanks_belong_to_the_text() -> None:
    """They are cut into words in any way."""
    captions = Captions([Caption(1.0, "One, "), Caption(2.0, "two. Thr"), Caption(3.0, "ee?"), Caption(4.0, " Four")])

    assert cues(TEXT, captions.times(TEXT), 0.5) == [(1.0, 0, 10), (2.0, 10, 17), (4.0, 17, 21)]


def test_the_same_words_said_twice_have_two_times() -> None:
    """The texts are found one after the other."""
    captions = Captions([Caption(1.0, "Yes."), Caption(2.0, "Another."), Caption(3.0, "Yes.")])

    assert [captions.times(text) for text in ("Yes.", "Yes.")] == [[1.0] * 4, [3.0] * 4]


def test_a_speech_without_captions_leaves_the_others_theirs() -> None:
    """It is one cue, at its begin."""
    captions = Captions([Caption(1.0, "Yes.")])

    assert cues("Unseen.", captions.times("Unseen."), 0.5) == [(0.5, 0, 7)]
    assert captions.times("Yes.") == [1.0] * 4
    assert captions.times("") is None
