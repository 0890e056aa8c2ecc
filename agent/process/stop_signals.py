"""The signals that end a worker, from before it starts."""

import asyncio
import os
import signal

# Exit status after the second Ctrl-C.
_FORCED = 1


class StopSignals:
    """SIGTERM and Ctrl-C, as events.

    The first one asks for an orderly end. Only a second Ctrl-C ends the process at once, and its job processes with it:
    orchestrators repeat SIGTERM. In development SIGTERM comes from a reload, which does not wait for calls.

    Args:
        dev: True in development.

    Attributes:
        end: Set when the worker must end.
        hurry: Set when it must not wait for its calls.
    """

    def __init__(self, *, dev: bool) -> None:
        self.end = asyncio.Event()
        self.hurry = asyncio.Event()
        self._dev = dev
        self._is_interrupted = False

    def listen(self) -> None:
        """Handle the signals from now on, in the running event loop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._on_term)
        loop.add_signal_handler(signal.SIGINT, self._on_interrupt)

    def _on_term(self) -> None:
        self.end.set()
        if self._dev:
            self.hurry.set()

    def _on_interrupt(self) -> None:
        if self._is_interrupted:
            os._exit(_FORCED)
        self._is_interrupted = True
        self.end.set()
