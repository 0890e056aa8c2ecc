"""Decides when the agent asks a silent caller, and when it leaves. Pure: time is an argument, in monotonic seconds."""

from dataclasses import dataclass
from math import inf

from agent.settings.silence import SilenceOptions

# Seconds of voice without a word after which it counts as noise: speech-to-text reports a caller's first words sooner.
_NOISE_AFTER = 2.0


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of a call at one moment.

    Attributes:
        is_waiting: Whether the agent waits for the caller: it was heard to the end, no answer, tool or playback is
            running, and a caller is there who could speak and does not hold the button.
        has_voice: Whether the microphone picks up a voice, with words or without.
    """

    is_waiting: bool
    has_voice: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask whether the caller is still there.

    Attributes:
        count: How often the agent has asked before, since the caller's last word.
    """

    count: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Say goodbye and end the call. Nothing is decided after it."""


Decision = Ask | Leave


class Silence:
    """Counts the seconds in which the agent waits and the caller says nothing.

    A word, a key or a text of the caller restarts the count. The agent's own voice, even its questions, stops the count
    while it is heard. So does a voice, until it counts as noise: then the count goes on.

    Args:
        options: The times and sentences of the persona.
        now: Monotonic seconds.
    """

    def __init__(self, options: SilenceOptions, now: float) -> None:
        self._options = options
        self._at = now
        self._facts = Facts(is_waiting=False)
        self._voice_at = inf
        self._silent = 0.0
        self._asks = 0
        self._has_left = False

    def use(self, now: float) -> None:
        """Note that the caller said a word, pressed a key or wrote a text."""
        self._at, self._silent, self._asks = now, 0.0, 0
        # A voice from here on may have words again.
        self._voice_at = now if self._facts.has_voice else inf

    def observe(self, now: float, facts: Facts) -> Decision | None:
        """Note the state of the call from `now` on.

        Returns:
            The decision that is due, if any. After a question the caller gets time to answer before the next one.
        """
        self._silent += self._counted(now)
        if not facts.has_voice:
            self._voice_at = inf
        elif not self._facts.has_voice:
            self._voice_at = now
        self._at, self._facts = now, facts
        return self._decide() if facts.is_waiting and not self._is_unclear(now) else None

    def _counted(self, now: float) -> float:
        """Return the seconds to count since the last call: none while a voice may still be a word."""
        if not self._facts.is_waiting:
            return 0.0
        since = max(self._at, self._voice_at + _NOISE_AFTER) if self._facts.has_voice else self._at
        return max(0.0, now - since)

    def _is_unclear(self, now: float) -> bool:
        return self._voice_at <= now < self._voice_at + _NOISE_AFTER

    def _decide(self) -> Decision | None:
        options = self._options
        if self._has_left:
            return None
        if options.goodbye_after is not None and self._silent >= options.goodbye_after:
            self._has_left = True
            return Leave()
        if options.ask_after is None or self._asks >= options.most_asks:
            return None
        if self._silent < options.ask_after * (self._asks + 1):
            return None
        self._asks += 1
        return Ask(self._asks - 1)
