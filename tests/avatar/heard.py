"""The sound that was heard of a service's avatars, and where two of them overlap."""

from collections.abc import Iterator
from typing import TypeAlias

from avatar.core.audio import SAMPLE_RATE, to_seconds
from simulators.liveavatar.model import ServiceModel

# Begin, end, speaker and PCM of a stretch of sound.
Piece: TypeAlias = tuple[float, float, str, bytes]


def avatar_pieces(model: ServiceModel) -> Iterator[Piece]:
    """Yield the PCM that all avatars have played, without silence."""
    for session in model.sessions:
        if session.conversation is not None:
            player = session.conversation.player
            for piece in player.sound._pieces:
                begin = player._opened_at + piece.position / SAMPLE_RATE
                yield begin, begin + to_seconds(len(piece.pcm)), session.identity, piece.pcm


def overlap(pieces: list[Piece]) -> float:
    """Return the seconds in which two were heard at once.

    Args:
        pieces: In the order in which they began.
    """
    total, reach, who = 0.0, float("-inf"), ""
    for begin, end, speaker, _ in pieces:
        if speaker != who and begin < reach:
            total += min(end, reach) - begin
        if end > reach:
            reach, who = end, speaker
    return total
