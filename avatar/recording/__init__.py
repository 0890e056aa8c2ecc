"""Recordings of calls: the exchange with LiveAvatar, without keys, tokens, audio or words (docs/recording.md)."""

from avatar.recording.recorder import RecordedSocket, Recorder

__all__ = ["RecordedSocket", "Recorder"]
