"""Changes the avatar with the persona, and tells the caller if the present avatar stays."""

import logging
from collections.abc import Callable

from agent.control.events import FailureEvent
from avatar import AvatarSession, ConfigurationError

logger = logging.getLogger("agent")

# Sentences for the caller.
NOT_THERE = "The new face isn't available right now, so the present one stays."
NOT_HERE = "The face can't change in this call, so the present one stays."


class FaceChange:
    """Gives each persona its own avatar.

    Args:
        avatar: Of the call.
        tell: Called with the event for the caller when the avatar does not change.
    """

    def __init__(self, avatar: AvatarSession, tell: Callable[[FailureEvent], None]) -> None:
        self._avatar = avatar
        self._tell = tell
        avatar.on("avatar_rejected", self._on_rejected)

    def change(self, avatar_id: str, name: str) -> None:
        """Change to the avatar of a persona, if it is a different one; its session takes over when it is ready.

        Args:
            avatar_id: The avatar; empty to keep the present one.
            name: Of the persona.
        """
        if avatar_id in {"", self._avatar.avatar_id}:
            return
        try:
            self._avatar.change_avatar(avatar_id, name=name)
        except ConfigurationError as error:
            logger.info("the avatar stays with another persona", extra={"reason": str(error)})
            self._tell(FailureEvent(source="avatar", message=NOT_HERE))

    def _on_rejected(self, _: str) -> None:
        self._tell(FailureEvent(source="avatar", message=NOT_THERE))
