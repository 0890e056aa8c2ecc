"""Webhooks and the report of a call on a real LiveKit server; the receiver is killed in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from livekit import rtc
from standardwebhooks.webhooks import Webhook

from agent.persona import load_persona
from agent.settings.model import DEFAULT_PERSONA
from demo.processes import free_port
from docs.examples.control import Agent
from tests.e2e.conversation import POLL, STORY
from tests.e2e.narration import BYTES_PER_SECOND
from tests.e2e.reports import read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

# Seconds by which a position may differ from the stand-in's record, which counts played frames.
CLOSE = 0.3


class Receiver:
    """A receiver of webhooks that can be killed, and comes back at the same address.

    Attributes:
        port: The port of its address.
        events: The id and the content of each verified event, repeats included.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._runner: web.AppRunner | None = None
        self._is_dying = False

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._is_dying = False
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def die_in_the_next_request(self) -> None:
        """Take one more event, and die before it is answered."""
        taken = len(self.events)
        self._is_dying = True
        await self.wait_until(lambda: len(self.events) > taken)
        await self.stop()

    async def wait_until(self, condition: Any) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL)

    def types(self) -> list[str]:
        """Return the types of the events, each event once, in the order in which they came first."""
        return [event["type"] for event in dict(self.events).values()]

    async def _take(self, request: web.Request) -> web.Response:
        event = Webhook(SECRET).verify(await request.read(), dict(request.headers))
        self.events.append((request.headers["webhook-id"], event))
        if self._is_dying and request.transport is not None:
            request.transport.abort()
        return web.Response(status=204)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Yield a receiver that listens."""
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()


async def test_every_event_arrives_and_the_report_matches_the_playback(stage: Stage, tmp_path: Path) -> None:
    """The receiver dies while it takes an event and is away until the call is over; ids identify the repeat.

    The server refuses the requested recording: the log and the report say so.
    """
    async with receiving() as receiver:
        settings = {
            "REPORTS": str(tmp_path),
            "WEBHOOK_URL": f"http://127.0.0.1:{receiver.port}/hook",
            "WEBHOOK_SECRET": SECRET,
            "WEBHOOK_LOOPBACK": "true",
            # The server has no egress service: the call continues without a recording.
            "RECORD": "s3://calls",
        }
        async with stage.worker(settings) as worker:
            dying = asyncio.create_task(receiver.die_in_the_next_request())
            await _call(stage, "a-call-with-a-report")
            await dying
            books = await stage.ended_session()
            await receiver.start()
            await receiver.wait_until(lambda: "call.ended" in receiver.types())
            await receiver.wait_until(lambda: list(tmp_path.rglob("*.vtt")))
            log = "\n".join(worker.tail(400))
    path, report, subtitles = read(tmp_path)
    ended = next(event for _, event in receiver.events if event["type"] == "call.ended")

    assert receiver.types() == ["call.started", "avatar.live", "call.ended"]
    assert max(Counter(each for each, _ in receiver.events).values()) >= 2
    assert ended["data"]["report_address"] == str(path)
    assert ended["data"]["end_reason"] == report.end_reason == "a caller ended it"

    opening, story = [line for line in report.transcript if line.speaker == "agent"]
    assert opening.text == load_persona(DEFAULT_PERSONA).opening
    assert STORY.startswith(story.text or "?")
    assert (opening.interrupted, story.interrupted) == (False, True)
    played = [each["heard_bytes"] / BYTES_PER_SECOND for each in books["utterances"]]
    assert [line.position for line in (opening, story)] == pytest.approx(played, abs=CLOSE)
    assert [line.text for line in report.transcript if line.speaker == "caller"] == ["tell me a story"]
    assert [each.id for each in report.sessions] == [books["id"]]
    assert {each.kind for each in report.usage} >= {"llm", "tts", "avatar"}
    assert (report.cost.total, report.cost.unpriced) == (0.0, ())
    assert report.recording is None
    assert [note for note in report.notes if "the recording could not be started" in note]
    assert "the call is not recorded" in log
    assert subtitles.startswith("WEBVTT\n\n00:")
    assert "tell me a story" not in log
    assert SECRET not in log


async def _call(stage: Stage, name: str) -> None:
    """Join, hear the opening line, ask for a story, interrupt it, and hang up."""
    room = rtc.Room()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    agent = Agent(room, lambda event: said.put_nowait(event) if event["type"] in {"said", "turn"} else None)
    ticket = await stage.ticket(name)
    await room.connect(ticket.url, ticket.token)
    try:
        await _next(said, lambda event: event["type"] == "said")
        await agent.call("talk", text="tell me a story")
        await _next(said, lambda event: "speaking" in event.get("stages", {}))
        await asyncio.sleep(2.0)  # of the story, in real time
        await agent.call("interrupt")
        await _next(said, lambda event: event["type"] == "said")
        await agent.call("end_call")
    finally:
        await room.disconnect()


async def _next(events: asyncio.Queue[dict[str, Any]], is_it: Any) -> None:
    async with asyncio.timeout(60):
        while not is_it(await events.get()):
            pass
