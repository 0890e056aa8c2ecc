"""Replays the service's side of a recorded call (docs/recording.md)."""

from __future__ import annotations

from simulators.liveavatar.replay.model import ReplayModel
from simulators.liveavatar.replay.recording import Recording, RecordingError, read_recording
from simulators.liveavatar.replay.server import create_app

__all__ = ["Recording", "RecordingError", "ReplayModel", "create_app", "read_recording"]
