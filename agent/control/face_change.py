"""Changes the avatar with the persona, and tells the caller when the present one stays."""

import logging
from collections.abc import Callable

from agent.control.events import FailureEvent
from agent.persona import Persona
from agent.settings import Settings
from avatar import AvatarSession, ConfigurationError

logger = logging.getLogger("agent")

# Sentences for the caller.
NOT_THERE = "The new face isn't available right now, so the present one stays."
NOT_HERE = "The face can't change in this call, so the present one stays."


class FaceChange:
    """Gives each persona its own avatar.

    Args:
        avatar: Of the call.
        settings: Say which avatar a persona has.
        tell: Called with the event for the caller when the avatar does not change.
    """

    def __init__(self, avatar: AvatarSession, settings: Settings, tell: Callable[[FailureEvent], None]) -> None:
        self._avatar = avatar
        self._settings = settings
        self._tell = tell
        avatar.on("avatar_rejected", self._on_rejected)

    def follow(self, persona: Persona) -> None:
        """Change to the avatar of a persona, if it is another one: its session takes over when it is ready."""
        avatar_id = self._settings.avatar_id(persona.avatar_id)
        if avatar_id in {"", self._avatar.avatar_id}:
            return
        try:
            self._avatar.change_avatar(avatar_id, name=persona.name)
        except ConfigurationError as error:
            logger.info("the avatar stays with another persona", extra={"reason": str(error)})
            self._tell(FailureEvent(source="avatar", message=NOT_HERE))

    def _on_rejected(self, _: str) -> None:
        self._tell(FailureEvent(source="avatar", message=NOT_THERE))
