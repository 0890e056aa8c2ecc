"""A node is lost in a real call: another worker detects it in Redis, and its agent continues the conversation."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from demo.processes import free_port
from tests.agent.state.redis_server import RedisServer
from tests.e2e.test_control import FrontEnd
from tests.e2e.test_kills import _job
from tests.e2e.test_recovery import RESUMES, agent_in, caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.ours(reason="a room of LiveAvatar's ends with its session"),
]

PERSONA = 'name = "Nova"\ninstructions = "Remember names."\nresumption = "Here I am."\n'


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """Yield the URL of the fleet's Redis."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory)
    server.start()
    yield server.url
    server.kill()


async def test_the_next_agent_knows_the_callers_name(stage: Stage, tmp_path: Path, redis_url: str) -> None:
    """First the job is killed, which its worker detects; then that worker with all its processes, as a node is lost."""
    persona = tmp_path / "nova.toml"
    persona.write_text(PERSONA)
    async with mind() as mind_url:
        common = {"PERSONA": str(persona), "STATE_URL": redis_url, "OPENAI_BASE_URL": mind_url}
        nodes = [common | {"STATE_DIR": str(tmp_path / name)} for name in ("first", "second")]
        async with stage.worker(nodes[0]) as first, caller(stage, "resumption") as room:
            front = FrontEnd(room)
            dead = await agent_in(room, bool)
            await says(front, "my name is Ada", "Nice to meet you, Ada.")
            os.kill(_job(first), signal.SIGKILL)
            heir = await agent_in(room, lambda identity: identity != dead, within=RESUMES)
            await says(front, "what is my name?", "Ada, asked once.")
            async with stage.worker(nodes[1]):
                os.killpg(first.process.pid, signal.SIGKILL)
                last = await agent_in(room, lambda identity: identity not in {dead, heir}, within=RESUMES)
                await says(front, "what is my name?", "Ada, asked twice.")
                running = [each for each in await stage.sessions() if each["started_at"] and each["state"] != "ended"]

    assert len({dead, heir, last}) == 3
    assert len(running) <= 1


async def says(front: FrontEnd, text: str, answer: str) -> None:
    """Write to the agent, and wait until it has given this answer."""
    await front.call("talk", text=text)
    await front.event("said", text=answer)


@asynccontextmanager
async def mind() -> AsyncIterator[str]:
    """Run a language model that knows the caller's name only from the messages; yield its address."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _think)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


async def _think(request: web.Request) -> web.StreamResponse:
    said = [str(each["content"]) for each in (await request.json())["messages"] if each["role"] == "user"]
    names = [found[1] for text in said if (found := re.search(r"my name is (\w+)", text))]
    name = names[-1] if names else "nobody"
    asked = sum("what is my name" in text for text in said)
    answer = f"{name}, asked {'twice' if asked > 1 else 'once'}." if asked else f"Nice to meet you, {name}."
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for delta, end in (({"role": "assistant", "content": answer}, None), ({}, "stop")):
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "mind", "choices": [choice]}
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await asyncio.shield(response.write_eof())
    return response
