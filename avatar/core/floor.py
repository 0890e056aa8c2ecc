"""Who speaks: the avatar or, while there is none, a voice. Never both."""

from enum import Enum


class Mouth(Enum):
    """What plays the timeline."""

    AVATAR = "avatar"
    """The service, with a face."""
    VOICE = "voice"
    """An audio track that the agent publishes itself."""


class Floor:
    """Gives the floor to one mouth at a time.

    The voice gets it when the avatar has been away for longer than was to be waited for, also within a segment; the
    avatar gets it back between segments.
    """

    def __init__(self) -> None:
        self.mouth = Mouth.AVATAR
        self.has_voice = False
        """Whether there is a voice that could speak."""
        self._voice_at: float | None = None

    @property
    def voice_at(self) -> float | None:
        """When the voice may speak in the avatar's place; None while the avatar is there."""
        return self._voice_at

    def avatar_here(self) -> None:
        """The avatar takes commands."""
        self._voice_at = None

    def avatar_away(self, voice_at: float) -> None:
        """The avatar takes no commands; the voice waits until `voice_at`, or until sooner if that was said before."""
        self._voice_at = voice_at if self._voice_at is None else min(self._voice_at, voice_at)

    def settle(self, now: float, *, between: bool) -> bool:
        """Move the floor if it is time; `between` if nothing is being said.

        Returns:
            Whether it moved.
        """
        before = self.mouth
        is_voice_due = self._voice_at is not None and self._voice_at <= now
        if self.mouth is Mouth.VOICE and (not self.has_voice or (self._voice_at is None and between)):
            self.mouth = Mouth.AVATAR
        elif self.mouth is Mouth.AVATAR and self.has_voice and is_voice_due:
            self.mouth = Mouth.VOICE
        return self.mouth is not before
