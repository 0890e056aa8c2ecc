"""A real LiveKit server passes on the question whether an agent is alive."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from agent.rooms.witness import lives
from avatar.sessions.port import LeftRoom
from tests.agent.web.web_fakes import settings
from tests.e2e.avatar_call import mint

if TYPE_CHECKING:
    from agent.settings import Settings
    from demo.livekit_server import LiveKitServer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]

# A process that is in a room, and has no methods.
PROGRAM = """
import asyncio, sys
from livekit import rtc

async def main():
    room = rtc.Room()
    await room.connect(*sys.argv[1:])
    print(room.name, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def known(given: Settings, call: LeftRoom) -> bool:
    """Ask until the answer is known, as a worker does: a busy server may not pass on the first question in time."""
    async with asyncio.timeout(30):
        while (is_alive := await lives(given, call)) is None:
            pass
    return is_alive


async def test_a_process_is_detected_as_alive_or_stopped(livekit_server: LiveKitServer) -> None:
    """LiveKit still lists a process that is stopped or was killed a moment ago; it does not answer.

    For an agent that is not in the room the answer is unknown.
    """
    token = mint(livekit_server, "agent-1")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, livekit_server.url, token, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    room = (await process.stdout.readline()).decode().strip()
    given = settings(
        livekit_url=livekit_server.url,
        livekit_api_key=livekit_server.api_key,
        livekit_api_secret=livekit_server.api_secret,
    )
    call = LeftRoom(room, "agent-1")
    told: list[bool | None] = [await known(given, call)]
    process.send_signal(signal.SIGSTOP)
    told.append(await known(given, call))
    process.send_signal(signal.SIGCONT)
    # What was sent to the process while it was stopped is sent again after a growing pause.
    async with asyncio.timeout(60):
        while not await lives(given, call):
            pass
    process.kill()
    await process.wait()
    told.append(await known(given, call))
    told.append(await lives(given, LeftRoom("another-room", "agent-1")))

    assert told == [True, False, False, None]
