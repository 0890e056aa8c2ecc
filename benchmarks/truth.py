"""The stand-in's view of a session, from its own bookkeeping. All times are the event loop's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators.liveavatar.model import RATE_HZ, SAMPLE_BYTES

if TYPE_CHECKING:
    from benchmarks.rooms import AvatarRoom
    from simulators.liveavatar.model import Session, Utterance
    from simulators.liveavatar.model.conversation import Conversation
    from simulators.liveavatar.ticker import Ticker


@dataclass(frozen=True, slots=True)
class Received:
    """A command that came in."""

    type: str
    at: float
    # Seconds of speech in it.
    seconds: float


class Truth:
    """One session as the stand-in knows it.

    The stand-in's clock is the event loop's, except that it stops while the process stalls for more than 0.12 s.
    """

    def __init__(self, session: Session, clock: Ticker, room: AvatarRoom) -> None:
        self._session = session
        self._clock = clock
        self._room = room

    @property
    def _conversation(self) -> Conversation:
        assert self._session.conversation is not None  # noqa: S101 - a truth is about a session that was started
        return self._session.conversation

    @property
    def _opened_at(self) -> float:
        return self._session.started_at or 0.0

    @property
    def is_connected(self) -> bool:
        """True while the session runs and takes commands."""
        return self._session.takes_commands(self._clock.now)

    @property
    def is_over(self) -> bool:
        """True once the session has ended."""
        return self._session.state == "ended"

    @property
    def is_silent(self) -> bool:
        """True while the avatar does not speak, and has no speech left."""
        waiting = any(utterance.waiting_samples for utterance in self.utterances)
        return not waiting and self._conversation.player.state != "talking"

    @property
    def utterances(self) -> list[Utterance]:
        """The utterances into which the avatar divided all speech that came in."""
        return self._session.utterances

    @property
    def heard(self) -> float:
        """Seconds of speech that were heard, in total."""
        return sum(utterance.heard_samples for utterance in self.utterances) / RATE_HZ

    @property
    def underrun(self) -> float:
        """Seconds of silence in the middle of speech, in total."""
        return sum(utterance.underrun_seconds for utterance in self.utterances)

    @property
    def gaps(self) -> int:
        """The number of silences within the heard sound, if no sample of the speech is silent."""
        audible = np.frombuffer(self.recording, dtype="<i2") != 0
        return max(int(np.count_nonzero(audible[1:] > audible[:-1])) - 1, 0)

    @property
    def recording(self) -> bytes:
        """The sound of the first half minute, including silence: PCM16, 24 kHz, mono."""
        return bytes(self._room.heard)

    def commands(self, since: int = 0) -> list[Received]:
        """Return the commands that came in, without the first `since` of them."""
        return [
            Received(command.type, self._opened_at + command.at, command.audio_bytes / SAMPLE_BYTES / RATE_HZ)
            for command in list(self._conversation.commands)[since:]
        ]

    def started_at(self, utterance: Utterance) -> float | None:
        """Return when an utterance was first heard."""
        return None if utterance.started_at is None else self._opened_at + utterance.started_at

    def ended_at(self, utterance: Utterance) -> float | None:
        """Return when the last sound of an utterance was heard."""
        started_at = self.started_at(utterance)
        if started_at is None:
            return None
        return started_at + utterance.heard_samples / RATE_HZ + utterance.underrun_seconds
