"""Whether there is an avatar, and why not: a word for programs and a sentence for callers."""

from dataclasses import dataclass
from enum import Enum

from avatar.core.refusal import Refusal


class AvatarReason(Enum):
    """The reasons why there is no avatar. The value is a sentence for callers, without an operator's detail."""

    STARTING = "The avatar is on its way."
    BUSY = "All avatars are busy right now."
    UNAVAILABLE = "The avatar isn't available right now."
    LOST = "The avatar has lost its connection and will be back."
    RELEASED = "The avatar is taking a break."
    CLOSED = "The call is over."


BY_REFUSAL = {
    Refusal.NO_SLOT: AvatarReason.BUSY,
    Refusal.RATE_LIMITED: AvatarReason.BUSY,
    Refusal.UNREACHABLE: AvatarReason.LOST,
    Refusal.NO_CREDITS: AvatarReason.UNAVAILABLE,
    Refusal.UNAUTHORIZED: AvatarReason.UNAVAILABLE,
    Refusal.INVALID: AvatarReason.UNAVAILABLE,
    Refusal.ROOM_GONE: AvatarReason.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class AvatarStatus:
    """The status of the avatar.

    Attributes:
        is_live: True while there is an avatar that speaks.
        reason: Why there is none; None while there is one.
        detail: What happened, for operators; empty while there is an avatar.
    """

    is_live: bool
    reason: AvatarReason | None = AvatarReason.STARTING
    detail: str = ""
