"""The command `python agent.py demo`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from demo.demo import Options, run_demo
from demo.errors import DemoError
from demo.page import somebody_looks

# Exit status of a demo that Ctrl-C ended before its call was over.
INTERRUPTED = 130


def demo(
    *,
    call: Annotated[bool, typer.Option(help="Let a synthetic caller call, and report the results.")] = False,
    port: Annotated[int, typer.Option(help="Port of the LiveKit server started without LIVEKIT_URL.")] = 7880,
    stand_ins_port: Annotated[int, typer.Option(help="Port of the stand-ins for vendors without a key.")] = 7900,
    page_port: Annotated[int, typer.Option(help="Port of the page.")] = 7890,
    directory: Annotated[Path, typer.Option(help="Directory for the call's video and transcript.")] = Path("demo-call"),
    verbose: Annotated[bool, typer.Option(help="Show the worker's log.")] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Don't open the page in the browser.")] = False,
) -> None:
    """Talk with the avatar on this machine: LiveKit server, worker, and stand-ins for the vendors without a key."""
    # The caller's own WebRTC warns of every late frame.
    logging.getLogger("livekit").setLevel(logging.ERROR)
    open_page = not call and not no_open and somebody_looks(os.environ, sys.platform, is_terminal=sys.stdout.isatty())
    options = Options(call, port, stand_ins_port, page_port, directory, verbose, open_page)
    raise typer.Exit(asyncio.run(_until_stopped(options)))


async def _until_stopped(options: Options) -> int:
    """Run the demo; Ctrl-C, SIGTERM or a closed terminal end it in order, with all its processes."""
    console = Console()
    task = asyncio.create_task(run_demo(options, console))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        console.print("ended")
        return INTERRUPTED if options.call else 0
    except DemoError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
