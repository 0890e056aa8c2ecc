"""A stand-in for ElevenLabs: text-to-speech over WebSocket and HTTP, with real speech by espeak-ng."""

from simulators.elevenlabs.server import create_app

__all__ = ["create_app"]
