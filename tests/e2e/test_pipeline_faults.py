"""A vendor fails during a call: the turn ends in words, or in the apology, and the next turn works as usual."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.persona import DEFAULT_APOLOGY as SORRY
from tests.e2e.conversation import HAPPENS, POLL, SILENT_PERSONA
from tests.e2e.page import Page, page
from tests.reliability import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from demo.processes import Child
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240), pytest.mark.long]

JOKE = "Why did the robot go on holiday? Because it wanted to charge its batteries."
BEGINNING = JOKE[:7]
THANKS = ("You are welcome. Is there anything else?", "With pleasure.")
EVERY_TIME: dict[str, Any] = {"times": None}

# Seconds before a sentence is repeated; speech that follows at once would belong to the same turn.
A_MOMENT = 1.5

LINES = 1_000


@dataclass(slots=True)
class Trouble:
    """A call with a vendor that can be made to fail.

    Attributes:
        worker: The worker, with its log.
    """

    talk: Page
    worker: Child
    url: str
    turns: int = 0

    async def arm(self, *faults: dict[str, Any]) -> None:
        """Arm these faults in place of the former ones."""
        async with aiohttp.ClientSession() as http, http.put(self.url, json={"faults": faults}) as reply:
            assert reply.ok, await reply.text()

    async def struck(self) -> None:
        """Wait until the first fault has struck."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(HAPPENS):
            while not (await (await http.get(self.url)).json())["faults"][0]["struck"]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL)

    async def ask(self, text: str) -> str:
        """Write a text, which needs no recognition, and return the next caption."""
        await self.talk.write(text)
        return await self.next()

    async def say(self, text: str) -> None:
        """Say a text once the agent listens."""
        await self.talk.listens()
        await self.talk.say(text)

    async def next(self) -> str:
        """Return the next words that are heard."""
        self.turns += 1
        return await self.talk.answer(self.turns)


@asynccontextmanager
async def trouble(
    stage: Stage, name: str, directory: Path, settings: dict[str, str] | None = None
) -> AsyncIterator[Trouble]:
    """Yield a call in which nothing has been said; afterwards no fault is armed."""
    persona = directory / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    url = f"{stage.stand_ins}/stand-in/faults"
    async with (
        stage.worker({"PERSONA": str(persona), "LLM_TIMEOUT": "1.5", **(settings or {})}) as worker,
        page(stage, name) as talk,
    ):
        call = Trouble(talk, worker, url)
        try:
            yield call
        finally:
            await call.arm()


# The fault, and the beginning and the end of what is heard.
THINKING: dict[str, tuple[dict[str, Any], list[str]]] = {
    "refuses": ({"kind": "status", "at": "chat", "status": 503, **EVERY_TIME}, [SORRY]),
    "refuses once": ({"kind": "status", "at": "chat", "status": 503}, [JOKE]),
    "hangs": ({"kind": "hang", "at": "chat", **EVERY_TIME}, [SORRY]),
    "stalls": ({"kind": "silent", "at": "sent", **EVERY_TIME}, [SORRY]),
    "breaks off": ({"kind": "drop", "at": "sent", "nth": 6}, [BEGINNING, SORRY]),
    "stalls in the middle": ({"kind": "silent", "at": "sent", "nth": 6}, [BEGINNING, SORRY]),
}


def told(captions: list[str]) -> str:
    """Return a description of the captions that were heard."""
    parts = ["the apology" if text == SORRY else _part(text) for text in captions]
    return ", then ".join(parts)


def _part(text: str) -> str:
    if text == JOKE:
        return "the whole answer"
    return "its beginning, then the apology" if text.endswith(SORRY) else "its beginning"


async def test_thinking_fails(stage: Stage, tmp_path: Path, reliability: list[Row]) -> None:
    """The part of the answer that came is said, then the apology; the next question is answered."""
    async with trouble(stage, "thinking", tmp_path) as call:
        for name, (fault, heard) in THINKING.items():
            await call.arm({"vendor": "openai", **fault})
            answer = await call.ask("tell me a joke")
            await call.arm()
            thanks = await call.ask("thank you")

            action = "one retry, then a deadline, and the apology as the end of the turn"
            reliability.append(Row(f"the language model {name}", told([answer]), action))

            assert answer.startswith(heard[0]), name
            assert answer.endswith(heard[-1]), name
            assert thanks in THANKS, name


# The fault, and the beginning of each caption.
SPEAKING: dict[str, tuple[dict[str, Any], list[str]]] = {
    "is silent once": ({"kind": "silent", "at": "received"}, [JOKE]),
    "breaks off": ({"kind": "drop", "at": "sent", "nth": 3}, [BEGINNING, SORRY]),
    "is cut off": ({"kind": "drop", "at": "received", **EVERY_TIME}, [SORRY]),
    "is out of credit": ({"kind": "quota_exceeded", "at": "received", **EVERY_TIME}, [SORRY]),
    "is silent": ({"kind": "silent", "at": "received", **EVERY_TIME}, [SORRY]),
    "is half open": ({"kind": "half_open", "at": "received", **EVERY_TIME}, [SORRY]),
}


async def test_speaking_fails(stage: Stage, tmp_path: Path, reliability: list[Row]) -> None:
    """The spoken part is kept, then the apology plays from its clip; the next question is answered."""
    async with trouble(stage, "speaking", tmp_path) as call:
        await call.ask("hello")
        for name, (fault, heard) in SPEAKING.items():
            await call.arm({"vendor": "elevenlabs", **fault})
            captions = [await call.ask("tell me a joke"), *[await call.next() for _ in heard[1:]]]
            await call.arm()
            thanks = await call.ask("thank you")

            action = "one retry on a new connection, then an apology that was synthesised ahead"
            reliability.append(Row(f"text-to-speech {name}", told(captions), action))

            assert [caption[: len(start)] for caption, start in zip(captions, heard, strict=True)] == heard, name
            assert thanks in THANKS, name


async def test_hearing_fails(stage: Stage, tmp_path: Path, reliability: list[Row]) -> None:
    """A lost connection is opened again; a caller who is not understood hears the apology, and is understood later."""
    drop = {"vendor": "deepgram", "kind": "drop", "at": "received"}
    async with trouble(stage, "hearing", tmp_path) as call:
        await call.arm(drop)
        await call.struck()
        await call.say("tell me a joke")
        assert await call.next() == JOKE, "is cut off"
        reliability.append(Row("speech-to-text is cut off", "an answer to what is said next", "connect again"))

        await call.arm({"vendor": "deepgram", "kind": "silent", "at": "received"})
        await call.struck()
        await call.say("tell me a joke")
        await asyncio.sleep(A_MOMENT)
        await call.say("tell me a joke")
        assert await call.next() == SORRY, "is silent"
        await call.say("tell me a joke")
        assert await call.next() == JOKE, "is silent"
        apology = "the apology, when the caller is not understood"
        reliability.append(Row("speech-to-text is silent", apology, "after two speeches without a word, connect again"))

        await call.arm(drop, {"vendor": "deepgram", "kind": "status", "at": "listen", "status": 503, **EVERY_TIME})
        await call.struck()
        await call.say("tell me a joke")
        assert await call.next() == SORRY, "refuses"
        await call.arm()
        await call.say("tell me a joke")
        assert await call.next() == JOKE, "refuses"
        reliability.append(Row("speech-to-text refuses", apology, "connect again and again"))


async def test_nothing_of_a_call_is_in_the_log(stage: Stage, tmp_path: Path) -> None:
    """No transcript, chat, answer, key, token or WebSocket URL is in the log, even if every vendor fails."""
    async with trouble(stage, "private", tmp_path) as call:
        await call.say("hello can you hear me")
        await call.next()
        is_refused = asyncio.Event()
        call.talk.room.register_text_stream_handler("lk.chat", lambda *_: is_refused.set())
        await call.talk.write("a wish " * 1_000)
        async with asyncio.timeout(HAPPENS):
            await is_refused.wait()
        for vendor, at in (("elevenlabs", "received"), ("openai", "sent")):
            await call.arm({"vendor": vendor, "kind": "drop", "at": at, **EVERY_TIME})
            await call.ask("tell me a joke")
        lines = call.worker.tail(LINES)
        session = (await stage.sessions())[-1]
    log = "\n".join(lines)

    spoken = [segment.text.strip() for segment in call.talk.captions._segments.values()]
    secrets = [stage.livekit.api_secret, "access_token", "eyJ", "ws_url", f"/ws/{session['id']}", "stand-in-key"]
    assert len(lines) < LINES
    assert "failed" in log
    assert [text for text in (*spoken, "a wish", "a joke", *secrets) if text in log] == []
