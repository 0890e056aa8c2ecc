"""`python -m benchmarks.ear`: calls with a worker of each kind in turn, and their cost."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp

from agent.control.waterfall import STAGES
from benchmarks.ear.caller import Heard, calling
from benchmarks.figures import Both, Figure, Plugin, mean, spread, total
from benchmarks.opening.stage import Worker, open_stage
from benchmarks.processes import cpu_seconds, job_memory, thread_seconds, total_memory
from demo.call.voices import StandIns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.opening.stage import Stage
    from demo.call.levels import Samples

WORKERS: Final = {
    Plugin.OFFICIAL: Worker(["-m", "benchmarks.ear.official_agent"]),
    Plugin.OURS: Worker(["agent.py", "dev", "--no-reload"]),
}

QUESTIONS: Final = ("hello can you hear me", "what can you do", "how are you today", "what time is it in london")
STORY: Final = "tell me a story"
BARGE_IN: Final = "stop please"

# Seconds to the first word of the language model, to the first audio of the TTS, and from the first chunk to the
# avatar's sound, as vendors need them. The stand-in for speech-to-text itself needs 0.25 s for a final transcript.
STAND_INS: Final = ("--first-token", "0.35", "--first-byte", "0.25", "--habit", "speech_starts_after=0.7")

_OUTGOING: Final = re.compile(r'livekit_packet_bytes\{[^}]*direction="outgoing"[^}]*\} (\S+)')


# Seconds until a call has ended and a process is ready for the next one.
_BETWEEN: Final = 8.0


@dataclass(frozen=True, slots=True)
class Script:
    """The speech of a caller."""

    questions: Sequence[Samples]
    story: Samples
    barge_in: Samples


@dataclass(frozen=True, slots=True)
class Cost:
    """A call's cost for the worker; times and media per minute of the call.

    Attributes:
        cpu: Seconds of processor time.
        threads: Seconds of processor time by process and thread, of threads that run at the beginning and at the end.
        received: Megabytes of media that the agent has received.
        memory: Megabytes of the call's process that it does not share.
        idle_memory: Megabytes that all processes of the worker take together after the call, one warm one included.
    """

    cpu: float
    threads: Mapping[str, float]
    received: float
    memory: float
    idle_memory: float


async def measure(
    calls: int, quality: str, advance: Callable[[], None], workers: Mapping[Plugin, Worker] = WORKERS
) -> list[Figure]:
    """Make `calls` calls with each worker, in turn."""
    heard = {plugin: Heard() for plugin in Plugin}
    costs: dict[Plugin, list[Cost]] = {plugin: [] for plugin in Plugin}
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(open_stage(workers, stand_ins=STAND_INS, video_quality=quality))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        voice = StandIns(http, stage.stand_ins)
        questions = [await voice.speak(text) for text in QUESTIONS]
        script = Script(questions, await voice.speak(STORY), await voice.speak(BARGE_IN))
        for _ in range(calls):
            for plugin in Plugin:
                costs[plugin].append(await _call(script, stage, plugin, heard[plugin]))
                advance()
    return _figures(Both(heard[Plugin.OFFICIAL], heard[Plugin.OURS]), Both(costs[Plugin.OFFICIAL], costs[Plugin.OURS]))


async def _call(script: Script, stage: Stage, plugin: Plugin, heard: Heard) -> Cost:
    room = f"ear-{plugin.value}-{secrets.token_hex(3)}"
    async with calling(stage.server.url, stage.token(room, plugin)) as caller:
        caller.heard = heard
        worker = stage.pids[plugin]
        began_at, cpu, threads = time.monotonic(), cpu_seconds(worker), thread_seconds(worker)
        sent, received = await _sent_bytes(stage), await caller.received_bytes()
        for question in script.questions:
            await caller.ask(question)
        await caller.interrupt(script.story, script.barge_in)
        heard.turns += caller.turns.spoken()
        minutes = (time.monotonic() - began_at) / 60
        sent = await _sent_bytes(stage) - sent - (await caller.received_bytes() - received)
        cpu, memory = (cpu_seconds(worker) - cpu) / minutes, job_memory(worker)
        of_threads = {name: (now - threads.get(name, 0.0)) / minutes for name, now in thread_seconds(worker).items()}
    await asyncio.sleep(_BETWEEN)
    return Cost(cpu, of_threads, sent / 1e6 / minutes, memory, total_memory(worker))


async def _sent_bytes(stage: Stage) -> float:
    """Return the bytes of media that the LiveKit server has sent to all participants."""
    url = f"http://127.0.0.1:{stage.server.metrics_port}/metrics"
    async with aiohttp.ClientSession() as http, http.get(url) as reply:
        return sum(float(count) for count in _OUTGOING.findall(await reply.text()))


def _waterfall(heard: Both[Heard]) -> list[Figure]:
    """Return the time to each stage of an answer; the official plugin has no event when the first audio is sent."""
    return [
        spread("an answer, after the speech", stage, "s", heard.map(partial(_reached, stage)))[0] for stage in STAGES
    ]


def _reached(stage: str, heard: Heard) -> list[float]:
    return [stages[stage] for stages in heard.turns if stage in stages]


def _threads(costs: Both[list[Cost]]) -> list[Figure]:
    names = {name for cost in (*costs.official, *costs.ours) for name in cost.threads}
    return [mean("a minute of call", name, "s", costs.map(partial(_of_thread, name))) for name in sorted(names)]


def _of_thread(name: str, costs: list[Cost]) -> list[float]:
    return [cost.threads.get(name, 0.0) for cost in costs]


def _figures(heard: Both[Heard], costs: Both[list[Cost]]) -> list[Figure]:
    group, bill = "what a caller notices", "a minute of call"
    return [
        *_waterfall(heard),
        *spread(group, "end of a question to the avatar's sound", "s", heard.map(lambda side: side.answers)),
        *spread(group, "begin of a barge-in to silence", "s", heard.map(lambda side: side.silences)),
        total(group, "missed", "", heard.map(lambda side: [float(side.missed)])),
        mean(bill, "processor time of the worker", "s", costs.map(lambda side: [cost.cpu for cost in side])),
        *_threads(costs),
        mean(bill, "media that the agent receives", "MB", costs.map(lambda side: [cost.received for cost in side])),
        mean(bill, "memory of the call's process", "MB", costs.map(lambda side: [cost.memory for cost in side])),
        mean(bill, "memory of the idle worker", "MB", costs.map(lambda side: [cost.idle_memory for cost in side])),
    ]
