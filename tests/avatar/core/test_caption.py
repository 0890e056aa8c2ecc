"""The words of a segment, as they are heard."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.caption import CHARACTERS_PER_SECOND, Caption, estimate_seconds

Piece = tuple[str, float | None]

TEXTS = st.text("ab ,.天気。ですไทยลาว", min_size=1, max_size=12)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    """Draw pieces of a caption, some with times; times never go back."""
    texts = draw(st.lists(TEXTS, max_size=15))
    times = itertools.accumulate(draw(st.floats(0.0, 0.8)) for _ in texts)
    return [(text, at if draw(st.booleans()) else None) for text, at in zip(texts, times, strict=True)]


def said(pieces: list[Piece]) -> Caption:
    """Return a caption whose text is complete."""
    caption = Caption()
    for text, start in pieces:
        caption.push(text, start)
    caption.end()
    return caption


@given(pieces(), st.lists(st.floats(0.0, 20.0), max_size=20).map(sorted))
def test_the_heard_text_is_a_prefix_that_only_grows(pieces: list[Piece], positions: list[float]) -> None:
    """Over repeated calls each word comes once, in order; with the rest it is the whole text."""
    caption = said(pieces)
    whole = "".join(text for text, _ in pieces)
    shown = ""
    for position in positions:
        shown += caption.upto(position)
        assert whole.startswith(shown)
        assert caption.heard == shown

    assert shown + caption.rest() == whole
    assert caption.heard == whole


@given(pieces(), st.floats(0.0, 20.0))
def test_no_timed_word_comes_early_or_late(pieces: list[Piece], position: float) -> None:
    """The last timed word that is shown has begun; the next one has not."""
    caption = said(pieces)
    shown = len(caption.upto(position))

    ends = itertools.accumulate(len(text) for text, _ in pieces)
    for (text, start), end in zip(pieces, ends, strict=True):
        if start is not None and text.strip() and end - len(text) >= shown:
            assert start >= position or not text[: shown - end].strip()
        if start is not None and text.strip() and end <= shown:
            assert start <= position


def test_a_word_is_shown_when_it_is_spoken() -> None:
    """Three timed words are shown one by one, with their spaces."""
    caption = said([("Once ", 0.1), ("upon ", 0.5), ("a time.", 0.9)])

    assert [caption.upto(at) for at in (0.0, 0.1, 0.8, 2.0)] == ["", "Once ", "upon ", "a time."]


def test_words_without_times_are_spread_over_their_audio() -> None:
    """Without times from the TTS, the position in the audio gives the position in the text."""
    caption = said([("one two three four", None)])
    caption.lasts(4.0)

    assert [caption.upto(at).strip() for at in (0.0, 1.9, 3.9)] == ["one", "two three", "four"]


def test_words_come_at_the_pace_of_speech_while_the_audio_is_unknown() -> None:
    """Text and audio are still being generated then."""
    caption = Caption()
    caption.push("one two three ", None)

    assert caption.upto(4 / CHARACTERS_PER_SECOND).strip() == "one two"


def test_words_between_timed_ones_are_spread_between_them() -> None:
    """The words after a timed one are spread up to the next timed word."""
    caption = said([("one two. ", 1.0), ("three", 2.0)])

    assert [caption.upto(at).strip() for at in (0.9, 1.0, 1.6, 2.0)] == ["", "one", "two.", "three"]


@pytest.mark.parametrize("text", ["", "   "])
def test_text_without_a_word_is_not_waited_for(text: str) -> None:
    """Text without a word is due at once."""
    caption = said([(text, None)])

    assert caption.upto(0.0) == text


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("今日はとても良い天気ですね。散歩に行きましょう。", "今日はとても良い天気です"),
        ("春天来了，公园里的花都开了。", "春天来了，公园里"),
        ("วันนี้อากาศดีมากเราไปเดินเล่นกันเถอะ", "วันนี้อากาศดีมากเรา"),
        ("ມື້ນີ້ອາກາດດີຫຼາຍ", "ມື້ນີ້ອາກ"),
    ],
)
def test_scripts_without_blanks_are_shown_letter_by_letter(text: str, heard: str) -> None:
    """An interruption halfway leaves half of the text, not all or nothing, with its punctuation and vowel signs."""
    caption = said([(text, None)])
    caption.lasts(4.0)

    assert caption.upto(2.0) == heard


def test_a_latin_word_in_chinese_text_is_not_cut() -> None:
    """Chinese is shown letter by letter, a Latin word as a whole."""
    caption = said([("我有iPhone 15。", 0.0)])
    caption.lasts(3.0)

    parts = [caption.upto(at / 10) for at in range(31)]
    assert [part for part in parts if part] == ["我", "有", "iPhone ", "15。"]


def test_each_script_has_its_own_pace() -> None:
    """A Chinese character is a syllable, and takes longer than a Latin letter or a Thai one."""
    assert estimate_seconds("a" * 15) == pytest.approx(1.0)
    assert estimate_seconds("ไ" * 12) == pytest.approx(1.0)
    assert estimate_seconds("天" * 5) == pytest.approx(1.0)
    assert estimate_seconds("한" * 6) == pytest.approx(1.0)


def test_a_digit_is_spoken_as_a_word() -> None:
    """A hundred digits take forty seconds, not seven."""
    assert estimate_seconds("3141592653" * 10) == pytest.approx(40.0)
    assert estimate_seconds("٣") == estimate_seconds("3")
