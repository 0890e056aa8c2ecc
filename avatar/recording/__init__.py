"""Recordings of calls: what was exchanged with LiveAvatar, without keys, tokens, audio or words (docs/recording.md)."""

from avatar.recording.recorder import RecordedSocket, Recorder

__all__ = ["RecordedSocket", "Recorder"]
