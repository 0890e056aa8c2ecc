"""A stand-in for Deepgram: `/v1/listen` streaming and prerecorded, with real recognition by pocketsphinx."""

from simulators.deepgram.server import create_app

__all__ = ["create_app"]
