"""The sentences that a caller reads while there is no avatar; they never contain an operator's detail."""

from agent.call.budget import Reason
from avatar import AvatarReason

UNAVAILABLE = AvatarReason.UNAVAILABLE.value

SENTENCES = {
    Reason.IDLE: "The avatar comes back when you speak.",
    Reason.UNSEEN: "The avatar comes when a caller with a screen joins.",
    Reason.NO_SLOT: "All avatars are in use. One comes when it is free.",
}


def voice_only(reason: str, sentence: str = UNAVAILABLE) -> str:
    """Return the value of the attribute `avatar` for the reason why there is no avatar.

    Args:
        reason: The operator's, which may name keys, status codes and balances.
        sentence: For the caller, unless there is one for the reason itself.
    """
    return f"voice only: {next((text for known, text in SENTENCES.items() if known == reason), sentence)}"
