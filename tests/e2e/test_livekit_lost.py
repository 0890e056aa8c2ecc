"""LiveKit can't be reached for a while, during a call."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import pytest

from demo.processes import free_port
from tests.e2e.avatar_call import AVATAR_IDENTITY
from tests.e2e.conversation import HAPPENS, POLL, SILENT_PERSONA, heard_seconds
from tests.e2e.page import books, page
from tests.e2e.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.long,
    pytest.mark.ours(reason="our own server is cut off"),
]

# Seconds of the story.
IN_THE_MIDDLE = 3.0

# Seconds.
AWAY = 10.0

# Seconds: the framework's worker gives LiveKit up after about 130 s, and ends every call.
LONG_AWAY = 150.0

# LiveKit's client logs many lines about its attempts to reconnect.
LINES = 500


async def test_a_call_continues_after_livekit_was_away(stage: Stage, tmp_path: Path) -> None:
    """Worker and job are cut off during a story: it is told to its end, and then the caller is heard and answered.

    The avatar's own connection to the room stays open.
    """
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    async with Proxy(stage.livekit.port) as proxy:
        settings = {"PERSONA": str(persona), "LIVEKIT_URL": f"ws://127.0.0.1:{proxy.port}"}
        async with stage.worker(settings) as worker, page(stage, "away") as talk:
            await talk.say("tell me a story")
            await books(stage, lambda session: heard_seconds(session) > IN_THE_MIDDLE)
            proxy.cut(spare=AVATAR_IDENTITY)
            await asyncio.sleep(AWAY)
            proxy.mend()
            await books(stage, lambda session: session["utterances"][0]["ended"])
            await talk.say("thank you")
            reply = await talk.answer(2)
            session = await books(
                stage, lambda session: [each["ended"] for each in session["utterances"]] == [True] * 2
            )
            registrations = [line for line in worker.tail(LINES) if "registered worker" in line]

    # The recognised words do not matter here: they were heard, and answered.
    assert talk.captions.own(since=0.0).startswith("tell me a story ")
    assert reply
    assert [utterance["interrupted"] for utterance in session["utterances"]] == [False, False]
    assert len(registrations) == 2, "one registration before, one after"


@pytest.mark.timeout(400)
async def test_a_call_outlasts_a_worker_that_has_lost_livekit(stage: Stage, tmp_path: Path) -> None:
    """Only the worker's connection is away, for longer than the framework tries: the call is not affected.

    Meanwhile the worker is alive but not ready; afterwards it takes calls again.
    """
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    port = free_port()
    async with Proxy(stage.livekit.port) as proxy, aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}"
        settings = {"PERSONA": str(persona), "LIVEKIT_URL": f"ws://127.0.0.1:{proxy.port}", "WORKER_PORT": str(port)}
        async with stage.worker(settings) as worker, page(stage, "dispatch-away") as talk:
            proxy.cut_workers()
            await asyncio.sleep(LONG_AWAY)
            async with http.get(f"{url}/readyz") as ready, http.get(url) as alive:
                away = (ready.status, (await ready.json())["status"], alive.status)
            await talk.say("thank you")
            # The recogniser may take the two words for a request that a whole story answers.
            reply = await talk.begun(1, 5)
            proxy.mend()
            async with asyncio.timeout(HAPPENS):
                while not await is_ready(http, url):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(POLL)
            ended = [line for line in worker.tail(LINES) if "call ended" in line]

    assert away == (503, "starting", 200)
    assert reply
    assert ended == []


async def is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    """Return whether the worker is ready."""
    async with http.get(f"{url}/readyz") as answer:
        return answer.status == HTTPStatus.OK
