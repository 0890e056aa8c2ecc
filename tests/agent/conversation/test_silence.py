"""When a silent caller is asked, and when a silent call ends; the clock is the test's."""

from __future__ import annotations

import pytest

from agent.conversation.silence import Ask, Facts, Leave, Silence
from agent.conversation.still_there import DEFAULT_LINES, default_lines
from agent.settings.silence import SilenceOptions

POLICY = SilenceOptions(ask_after=10, most_asks=2, goodbye_after=30)
WAITING, NOISE, BUSY = Facts(is_waiting=True), Facts(is_waiting=True, has_voice=True), Facts(is_waiting=False)
TICK = 0.5


class Call:
    """A silence that is looked at every half second.

    Attributes:
        now: Seconds.
        decided: What was decided, and when.
    """

    def __init__(self, options: SilenceOptions = POLICY) -> None:
        self.now = 0.0
        self.silence = Silence(options, self.now)
        self.decided: list[tuple[float, object]] = []
        self.be(WAITING, 0.5)  # the look that finds out that the agent waits
        self.now = 0.0
        self.silence.use(self.now)

    def be(self, facts: Facts, seconds: float) -> None:
        """Let the call be like this for a while."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if decision := self.silence.observe(self.now, facts):
                self.decided.append((self.now, decision))


def test_a_silent_caller_is_asked_and_then_left() -> None:
    """Twice after ten seconds each, and the goodbye ten seconds later; nothing comes behind it."""
    call = Call()
    call.be(WAITING, 120)

    assert call.decided == [(10.0, Ask(0)), (20.0, Ask(1)), (30.0, Leave())]


def test_words_begin_the_count_again() -> None:
    """The questions too: the next silence has its own first one."""
    call = Call()
    call.be(WAITING, 15)
    call.silence.use(call.now)
    call.be(WAITING, 12)

    assert call.decided == [(10.0, Ask(0)), (25.0, Ask(0))]


def test_nothing_is_counted_while_the_agent_is_busy() -> None:
    """While it thinks, looks up, plays or waits for a caller; what was counted before stays, its own voice included."""
    call = Call()
    call.be(WAITING, 8)
    call.be(BUSY, 100)
    call.be(WAITING, 1.5)
    assert call.decided == []
    call.be(WAITING, 1)

    assert [decision for _, decision in call.decided] == [Ask(0)]


def test_a_voice_stops_the_count_for_a_moment() -> None:
    """The caller who begins to speak at the last moment is not asked; without words it was a noise, and counts."""
    call = Call()
    call.be(WAITING, 9.5)
    call.be(NOISE, 2)
    assert call.decided == []
    call.be(NOISE, 1)

    assert [decision for _, decision in call.decided] == [Ask(0)]


def test_lasting_noise_does_not_keep_a_call_alive() -> None:
    """A television in the room is no caller: the goodbye comes two seconds later than in silence."""
    call = Call()
    call.be(NOISE, 60)

    assert call.decided == [(12.0, Ask(0)), (22.0, Ask(1)), (32.0, Leave())]


def test_short_noises_do_not_begin_the_count_again() -> None:
    """A cough every few seconds is no word."""
    call = Call()
    for _ in range(20):
        call.be(WAITING, 3)
        call.be(NOISE, 0.5)

    assert [decision for _, decision in call.decided] == [Ask(0), Ask(1), Leave()]


def test_each_half_of_the_policy_can_be_left_out() -> None:
    """Questions without an end, an end without questions, and neither."""
    asking, leaving, neither = (
        Call(SilenceOptions(ask_after=5)),
        Call(SilenceOptions(goodbye_after=5)),
        SilenceOptions(),
    )
    for call in (asking, leaving):
        call.be(WAITING, 100)

    assert [decision for _, decision in asking.decided] == [Ask(0), Ask(1)]
    assert leaving.decided == [(5.0, Leave())]
    assert not neither.is_on


def test_the_goodbye_comes_behind_the_question() -> None:
    """A policy that would end the call before it asks is refused, with the number that it has to exceed."""
    with pytest.raises(ValueError, match="goodbye_after must be more than ask_after, which is 20"):
        SilenceOptions(ask_after=20, goodbye_after=15)


def test_every_language_has_a_question() -> None:
    """With a region or without; `multi` is English, and a language without one gets a sound that most know."""
    assert default_lines("pt-BR") == DEFAULT_LINES["pt"]
    assert default_lines("multi") == DEFAULT_LINES["en"]
    assert default_lines("xx")
