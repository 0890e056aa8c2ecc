"""Texts are cut into pieces: joined they are the text, and none takes long to say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.speech.pieces import PieceTokenizer, first_clause, is_speakable, split
from avatar.core.caption import estimate_seconds

TEXTS = st.lists(
    st.sampled_from(
        [*"aD 1.,;!?-\n\"'(@/%€+。！，」天気รเา่👍…", ". ", "e.g. ", "\n- ", "a few words and ", "春天来了公园里"]
    ),
    max_size=100,
).map("".join)
THAI = "วันนี้อากาศดีมากเราไปเดินเล่นกันเถอะ"


@given(TEXTS)
def test_the_joined_pieces_are_the_text(text: str) -> None:
    """No character is added, lost or changed in any text."""
    assert "".join(split(text)) == text


@given(TEXTS)
def test_each_piece_can_be_spoken(text: str) -> None:
    """A dash or an emoji belongs to its neighbour, as it makes no sound alone."""
    pieces = split(text)

    assert all(map(is_speakable, pieces)) or len(pieces) <= 1


@pytest.mark.parametrize(
    "text",
    [
        "Mail ada.b@example.co.uk, or see https://example.com/a?b=1&c=2 and 10.0.0.1:8080 for it.",
        "That is 1.5 + 2.25 = 3.75, or 1,299.00 $, say Dr. Smith and J. S. Bach.",
        "It is 3.14 % of it, and it is due at 5 p.m. today.",
        "Das gilt z. B. bzw. usw. auch für die Nr. 5 in der Bachstr. 12 und so weiter.",
        "1. One",
    ],
)
def test_a_full_stop_within_a_sentence_does_not_end_it(text: str) -> None:
    """Addresses, numbers, sums, initials and abbreviations stay whole."""
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "It was a very fine day. We went for a long walk! Would you like to come?",
            ["It was a very fine day. ", "We went for a long walk! ", "Would you like to come?"],
        ),
        ("春天来了，公园里的花都开了。孩子们在跑。", ["春天来了，公园里的花都开了。", "孩子们在跑。"]),
        ("「とても良い天気ですね。」と彼は言いました。", ["「とても良い天気ですね。」", "と彼は言いました。"]),
        (
            "You need the following things:\n- Ripe red apples\n- Some yellow pears",
            ["You need the following things:\n", "- Ripe red apples\n- Some yellow pears"],
        ),
        ("A sentence that is wrapped\nover two lines.", ["A sentence that is wrapped\nover two lines."]),
        ("Yes. No. Perhaps tomorrow.", ["Yes. No. Perhaps tomorrow."]),
        ("कल मौसम बहुत अच्छा था। हम बाहर गए थे।", ["कल मौसम बहुत अच्छा था। ", "हम बाहर गए थे।"]),
        (
            "ថ្ងៃនេះអាកាសធាតុល្អណាស់។ យើងទៅដើរលេងនៅក្នុងសួនច្បារ។",
            ["ថ្ងៃនេះអាកាសធាតុល្អណាស់។ ", "យើងទៅដើរលេងនៅក្នុងសួនច្បារ។"],
        ),
        (
            "ဒီနေ့ရာသီဥတုသိပ်ကောင်းတယ်။ ကျွန်တော်တို့လမ်းလျှောက်ရအောင်။",
            ["ဒီနေ့ရာသီဥတုသိပ်ကောင်းတယ်။ ", "ကျွန်တော်တို့လမ်းလျှောက်ရအောင်။"],
        ),
        (
            "Այսօր եղանակը շատ լավ է\u0589 Գնանք զբոսնելու այգում\u0589",
            ["Այսօր եղանակը շատ լավ է\u0589 ", "Գնանք զբոսնելու այգում\u0589"],
        ),
        ("Dear me, this is odd. 👍. Is it right?", ["Dear me, this is odd. ", "👍. Is it right?"]),
        ("Dear me, this is odd. 👍", ["Dear me, this is odd. 👍"]),
    ],
)
def test_sentences_and_list_items_are_pieces(text: str, pieces: list[str]) -> None:
    """This holds in every script; short or silent pieces are joined to their neighbours."""
    assert split(text) == pieces


@pytest.mark.parametrize(
    "text",
    [
        THAI * 20,
        "ມື້ນີ້ອາກາດດີຫຼາຍ" * 30,
        "ថ្ងៃនេះអាកាសធាតុល្អណាស់" * 20,
        "ဒီနေ့ရာသီဥတုသိပ်ကောင်းတယ်" * 20,
        "བཀྲ་ཤིས་བདེ་ལེགས་" * 30,
        "ꦱꦸꦒꦼꦁꦫꦮꦸꦃ" * 60,
        "नमस्तेदुनिया" * 30,
        "안녕하세요" * 30,
        "今日はとても良い天気で" * 30,
        "and so on and on " * 60,
        "first, second, " * 60,
        "3141592653" * 10,
        "3141 5926 5358 9793 " * 10,
    ],
)
def test_a_text_without_sentences_is_heard_after_a_limited_time(text: str) -> None:
    """A piece takes at most ten seconds to say."""
    pieces = split(text)

    assert max(map(estimate_seconds, pieces)) <= 10.0
    assert len(pieces) > 2


def test_a_long_piece_is_cut_between_words_or_syllables() -> None:
    """A comma is preferred, a Thai vowel stays with its consonant, and a URL is not cut."""
    assert all(piece.endswith(", ") for piece in split("many small words come here, " * 30))
    assert not [piece for piece in split(THAI * 20) if re.match("[ัิีึืุู่้์าะำ]", piece) or re.search("[เแโใไั]$", piece)]
    burmese = split("ဒီနေ့ရာသီဥတုသိပ်ကောင်းတယ်" * 20)
    assert not [piece for piece in burmese if re.match("[ါ-ှ]|.်", piece)]
    assert not [piece for piece in split("コーヒーのチェックをどうぞ" * 30) if re.match("[ェー]|ッ", piece)]
    assert all(piece.endswith("་") for piece in split("བཀྲ་ཤིས་བདེ་ལེགས་" * 30))
    assert not [piece for piece in split("क्षत्रिय" * 60) if re.match("[ि्]", piece) or piece.endswith("्")]
    url = f"https://example.com/{'a' * 500}"
    assert split(f"{url} is long") == [f"{url} ", "is long"]


@given(TEXTS, st.integers(1, 7))
async def test_a_streamed_text_is_cut_like_a_whole_one(text: str, size: int) -> None:
    """The stream's tokens are the text without the spaces between them."""
    stream = PieceTokenizer().stream()
    for start in range(0, len(text), size):
        stream.push_text(text[start : start + size])
    stream.end_input()
    tokens = [data.token async for data in stream]

    assert "".join("".join(tokens).split()) == "".join(text.split())


async def test_a_piece_is_passed_on_when_the_next_one_begins() -> None:
    """The voice does not wait for the end of the answer."""
    stream = PieceTokenizer().stream()
    stream.push_text("It was a very fine day. W")

    assert (await anext(stream)).token == "It was a very fine day."


async def test_the_first_clause_is_spoken_before_its_sentence_is_written() -> None:
    """The caller waits only for the first piece; the others are sentences."""
    stream = PieceTokenizer().stream()
    for word in re.findall(
        r"\s*\S+", "In the evening a storm came up, and the light went out. Then, after a long while, it was"
    ):
        stream.push_text(word)
    first, second = await anext(stream), await anext(stream)
    stream.end_input()
    rest = [data.token async for data in stream]

    assert (first.token, second.token) == ("In the evening a storm came up,", "and the light went out.")
    assert rest == ["Then, after a long while, it was"]


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("Well, it was 1,000,000 years ago, I think", "Well, it was 1,000,000 years ago, "),
        ("Well, it was so", ""),
        ("In the evening a storm came up,", ""),
        ("今天天气非常好，我们出去走走", "今天天气非常好，"),
    ],
)
def test_a_clause_is_long_enough_and_complete(text: str, clause: str) -> None:
    """A number is not cut, and more text has to follow the comma."""
    assert first_clause(text) == clause
