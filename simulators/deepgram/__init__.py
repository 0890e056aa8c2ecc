"""Stand-in for Deepgram: `/v1/listen`, streaming and prerecorded, and `/v2/listen`; pocketsphinx recognises speech."""

from simulators.deepgram.server import create_app

__all__ = ["create_app"]
