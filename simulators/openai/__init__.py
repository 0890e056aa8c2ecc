"""A stand-in for OpenAI's chat completions: scripted replies on the vendor's own wire protocol."""

from simulators.openai.server import create_app

__all__ = ["create_app"]
