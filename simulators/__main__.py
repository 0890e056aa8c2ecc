"""`python -m simulators`: the stand-ins, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.app import Options, create_app
from simulators.arguments import parse_arguments
from simulators.speech import SpeechError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

# Seconds for running requests at the end.
SHUTDOWN_SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal comes; a failed start prints one line and exits with status 1."""
    asked = parse_arguments(arguments)
    logging.basicConfig(level=asked.log_level, format="%(levelname)s %(name)s: %(message)s")
    try:
        listener = _listen(asked.host, asked.port)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]
        message = f"Cannot listen on {asked.host}, port {asked.port}: {reason}. Choose with --host and --port."
        raise SystemExit(message) from None
    with listener:
        try:
            asyncio.run(_serve_until_signal(asked.options, listener))
        except SpeechError as error:
            message = f"A speech process cannot start: {error}"
            raise SystemExit(message) from None


def _listen(host: str, port: int) -> socket.socket:
    """Open the port before the stand-ins start; clients that connect wait until they are ready."""
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)


async def _serve_until_signal(options: Options, listener: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _serving(options, listener):
        host, port = listener.getsockname()[:2]
        print(f"stand-ins on http://{host}:{port}: {', '.join(options.vendors)}", flush=True)  # noqa: T201 - the parent process waits for this line
        await stop.wait()


@asynccontextmanager
async def _serving(options: Options, listener: socket.socket) -> AsyncIterator[None]:
    runner = web.AppRunner(create_app(options), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
