"""phrases.txt and the expansion of its lists."""

import re
import tomllib
from pathlib import Path

from simulators.speech.phrases import load_phrases, load_pronunciations

_SCRIPT = Path(__file__).parents[3] / "simulators/openai/script.toml"


def test_slots_cycle_through_their_lists(tmp_path: Path) -> None:
    """A phrase is used once for each item of its longest list; comments and empty lines are not phrases."""
    path = tmp_path / "phrases.txt"
    path.write_text(
        "# what may be said\n$city = Rome, New York\n$day = today, tonight, tomorrow\n\nin $city $day\nhello\n"
    )

    assert load_phrases(path) == ["in rome today", "in new york tonight", "in rome tomorrow", "hello"]


def test_phrases_are_words_as_spoken() -> None:
    """No digit, punctuation or slot is left: such a word would be unknown."""
    assert [phrase for phrase in load_phrases() if not re.fullmatch(r"[a-z' ]+", phrase)] == []


def test_pronunciations_are_phones() -> None:
    """The notation is the dictionary's: capitals, without stress marks."""
    assert all(re.fullmatch(r"[A-Z]+( [A-Z]+)*", phones) for phones in load_pronunciations().values())


def test_the_demo_brains_sentences_are_phrases() -> None:
    """The recogniser expects all of the demo brain's sentences, except for the tools' results."""
    script = tomllib.loads(_SCRIPT.read_text())
    answers = [script["opening"], *script["fallback"], *(text for rule in script["rules"] for text in rule["say"])]
    sentences = {sentence for answer in answers for sentence in re.split(r"(?<=[.?!])\s+", answer)}
    spoken = {re.sub(r"[^a-z' ]", "", sentence.lower()) for sentence in sentences if "{" not in sentence}

    assert spoken - set(load_phrases()) == set()
