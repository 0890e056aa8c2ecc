"""What every test has in common."""

import asyncio


def pytest_configure() -> None:
    """Start without an event loop: the default one would never be closed, and an unclosed resource fails a test."""
    asyncio.set_event_loop(None)
