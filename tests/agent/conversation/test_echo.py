"""A transcript that repeats the agent's last words is its echo; words of the caller in it make it a turn."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.echo import is_echo
from agent.conversation.transcript import words

SAID = words("Once upon a time there was a lighthouse keeper, who lived alone on a rock.")

STORY = words("""
Once there was a small robot who lived in a lighthouse by the sea. Every night it turned on the big light, so that the
ships could find their way home. One evening a storm came, and the light went out. The robot called for help, but nobody
was near. So it opened the window and began to sing as loud as it could. Far away a sailor heard the song and turned his
ship around.
""")

CALLERS = (
    *("stop", "stop please", "wait", "wait a moment", "no", "what time is it in london", "tell me another story"),
    *("that is enough", "how old was he", "who is the robot", "what was the song", "and then what", "can you hear me"),
    *("okay stop", "i have a question", "please be quiet", "louder please", "what ship", "where is the lighthouse"),
    *("was it a big light", "say that again", "my name is anna", "five five one", "is anybody there", "not this one"),
    *("hello", "help me please", "which sailor", "good night", "it was me", "i want to say something", "turn it off"),
)


@pytest.mark.parametrize(
    "heard",
    [
        "once upon a time there was",
        "a time there was a light house keeper",
        "keeper who lived alone",
        "lighthouse keepers",
        "upon a dime there was",
        "upon a zebra there was a lighthouse",
        "",
    ],
)
def test_the_agents_own_words_are_an_echo(heard: str) -> None:
    """They may come from anywhere in the agent's speech, and contain a misheard word."""
    assert is_echo(words(heard), SAID)


@pytest.mark.parametrize(
    "heard",
    [
        "in way home one evening a storm came",
        "every night it turned on the big light so that the she",
        "so it opened the window and began to sing as",
        "a robot call for help but nobody was near",
    ],
)
def test_an_echo_is_known_as_speech_to_text_mishears_it(heard: str) -> None:
    """Most of these are pocketsphinx's transcripts of the avatar's voice at -12 to -30 dB, cut within words."""
    assert is_echo(words(heard), STORY)


@pytest.mark.parametrize(
    "heard",
    ["stop please", "there was a lighthouse stop", "wait a moment", "upon a time what was his name", "no"],
)
def test_words_of_the_caller_are_not_an_echo(heard: str) -> None:
    """This also holds for words that follow the agent's, when the caller speaks over the agent."""
    assert not is_echo(words(heard), SAID)


@pytest.mark.parametrize("heard", CALLERS)
def test_a_caller_whose_words_resemble_the_agents_is_heard(heard: str) -> None:
    """A long story contains nearly every short word, or one like it."""
    assert not is_echo(words(heard), STORY)


def test_a_caller_who_speaks_over_the_echo_is_heard() -> None:
    """The words follow two to eight words of the echo, at seven places of the story; 2 in 100 are taken for echo."""
    spoken_over = [
        (STORY[max(0, at - 15) : at + length + 4], [*STORY[at : at + length], *words(caller)])
        for caller in CALLERS
        for length in (2, 4, 6, 8)
        for at in range(0, len(STORY) - 8, 9)
    ]
    missed = [heard for said, heard in spoken_over if is_echo(heard, said)]

    assert len(missed) <= 0.03 * len(spoken_over)


@given(st.integers(0, len(STORY) - 12), st.integers(3, 12), st.randoms(use_true_random=False))
def test_an_echo_with_one_letter_in_ten_wrong_is_recognised(at: int, length: int, chance: Random) -> None:
    """The wrong letters may be anywhere but in the last words."""
    echo = STORY[at : at + length]
    begin, end = " ".join(echo[:-2]), echo[-2:]
    misheard = list(begin)
    for place in chance.sample(range(len(begin)), len(begin) // 10):
        misheard[place] = chance.choice("aeioutnsr")
    heard = ["".join(misheard), *end]

    assert is_echo(words(" ".join(heard)), STORY)
