"""When a silent caller is asked, and when a silent call ends; the test sets the clock."""

from __future__ import annotations

import pytest

from agent.conversation.silence import Ask, Facts, Leave, Silence
from agent.conversation.still_there import DEFAULT_LINES, default_lines
from agent.settings.silence import SilenceOptions

POLICY = SilenceOptions(ask_after=10, most_asks=2, goodbye_after=30)
WAITING, NOISE, BUSY = Facts(is_waiting=True), Facts(is_waiting=True, has_voice=True), Facts(is_waiting=False)
TICK = 0.5


class Call:
    """A call whose silence is observed every half second.

    Attributes:
        now: The time, in seconds.
        decided: Decisions with their times.
    """

    def __init__(self, options: SilenceOptions = POLICY) -> None:
        self.now = 0.0
        self.silence = Silence(options, self.now)
        self.decided: list[tuple[float, object]] = []
        # The first observation finds that the agent waits.
        self.be(WAITING, 0.5)
        self.now = 0.0
        self.silence.use(self.now)

    def be(self, facts: Facts, seconds: float) -> None:
        """Let these facts hold for so many seconds."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            if decision := self.silence.observe(self.now, facts):
                self.decided.append((self.now, decision))


def test_a_silent_caller_is_asked_before_the_call_ends() -> None:
    """Two questions come after ten seconds each, and the goodbye ten seconds later; nothing follows it."""
    call = Call()
    call.be(WAITING, 120)

    assert call.decided == [(10.0, Ask(0)), (20.0, Ask(1)), (30.0, Leave())]


def test_words_restart_the_count() -> None:
    """The questions start over as well: the next silence begins with the first."""
    call = Call()
    call.be(WAITING, 15)
    call.silence.use(call.now)
    call.be(WAITING, 12)

    assert call.decided == [(10.0, Ask(0)), (25.0, Ask(0))]


def test_nothing_is_counted_while_the_agent_is_busy() -> None:
    """A busy agent stops the count, and the time before it still counts."""
    call = Call()
    call.be(WAITING, 8)
    call.be(BUSY, 100)
    call.be(WAITING, 1.5)
    assert call.decided == []
    call.be(WAITING, 1)

    assert [decision for _, decision in call.decided] == [Ask(0)]


def test_a_voice_stops_the_count_for_a_moment() -> None:
    """A caller who begins to speak at the last moment is not asked; a voice without words counts as noise."""
    call = Call()
    call.be(WAITING, 9.5)
    call.be(NOISE, 2)
    assert call.decided == []
    call.be(NOISE, 1)

    assert [decision for _, decision in call.decided] == [Ask(0)]


def test_lasting_noise_does_not_keep_a_call_alive() -> None:
    """A television in the room is not a caller: the goodbye comes two seconds later than in silence."""
    call = Call()
    call.be(NOISE, 60)

    assert call.decided == [(12.0, Ask(0)), (22.0, Ask(1)), (32.0, Leave())]


def test_short_noises_do_not_restart_the_count() -> None:
    """A cough every few seconds is not a word."""
    call = Call()
    for _ in range(20):
        call.be(WAITING, 3)
        call.be(NOISE, 0.5)

    assert [decision for _, decision in call.decided] == [Ask(0), Ask(1), Leave()]


def test_each_half_of_the_policy_can_be_left_out() -> None:
    """There may be questions without an end, an end without questions, or neither."""
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


def test_the_goodbye_comes_after_the_question() -> None:
    """A policy that would end the call before it asks is refused, with the number that it has to exceed."""
    with pytest.raises(ValueError, match="goodbye_after must be more than ask_after, which is 20"):
        SilenceOptions(ask_after=20, goodbye_after=15)


def test_every_language_has_a_question() -> None:
    """The region does not matter, `multi` is English, and other languages get a sound that most people know."""
    assert default_lines("pt-BR") == DEFAULT_LINES["pt"]
    assert default_lines("multi") == DEFAULT_LINES["en"]
    assert default_lines("xx")
