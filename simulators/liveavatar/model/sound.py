"""The audio of an avatar as it is heard in the room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simulators.liveavatar.model.utterance import RATE_HZ, SAMPLE_BYTES

if TYPE_CHECKING:
    from simulators.liveavatar.model.utterance import Utterance


class Piece(NamedTuple):
    """PCM of one utterance; `position` is its start, in samples since the beginning."""

    position: int
    pcm: bytes
    utterance: Utterance

    @property
    def end(self) -> int:
        """Its end, in samples."""
        return self.position + len(self.pcm) // SAMPLE_BYTES


class Sound:
    """The played audio, in pieces with silence between them.

    Args:
        keeps: Whether all of it is kept; otherwise only the part that `take` has not returned yet.
    """

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self._pieces: list[Piece] = []
        self._next = 0
        self._taken = 0

    @property
    def pcm(self) -> bytes:
        """The kept audio, without silence."""
        return b"".join(piece.pcm for piece in self._pieces)

    @property
    def spans(self) -> list[tuple[float, float, Utterance]]:
        """Start and end of each part of an utterance without a gap, in seconds, and the utterance."""
        spans: list[tuple[int, int, Utterance]] = []
        for piece in self._pieces:
            if spans and spans[-1][1] == piece.position and spans[-1][2] is piece.utterance:
                spans[-1] = (spans[-1][0], piece.end, piece.utterance)
            else:
                spans.append((piece.position, piece.end, piece.utterance))
        return [(begin / RATE_HZ, end / RATE_HZ, utterance) for begin, end, utterance in spans]

    def add(self, position: int, pcm: bytes, utterance: Utterance) -> None:
        """Add PCM at a position after all earlier pieces."""
        if pcm:
            self._pieces.append(Piece(position, pcm, utterance))

    def take(self, position: int) -> bytes:
        """Return the audio from the end of the last call to `position`, including silence."""
        heard = bytearray()
        for piece in self._pieces[self._next :]:
            heard += bytes((piece.position - self._taken) * SAMPLE_BYTES) + piece.pcm
            self._taken = piece.end
        heard += bytes((position - self._taken) * SAMPLE_BYTES)
        self._taken = position
        self._next = len(self._pieces)
        if not self._keeps:
            self._pieces.clear()
            self._next = 0
        return bytes(heard)
