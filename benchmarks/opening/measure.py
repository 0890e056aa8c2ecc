"""How soon a caller sees and hears the avatar."""

from __future__ import annotations

import asyncio
import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp

from benchmarks.figures import Both, Figure, Plugin, spread
from benchmarks.opening.caller import Opening, join
from benchmarks.opening.stage import Stage, open_stage

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from benchmarks.sampling import Sampling

# Seconds that a page takes from the token to the join: it loads, and asks for the microphone.
_BROWSER: Final = 1.0

# Seconds until the last call has ended and a process is ready for the next one.
_BETWEEN: Final = 8.0


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Make `samples` calls of each kind, in turn."""
    async with open_stage() as stage:
        kinds = [
            partial(_by_token, stage, Plugin.OFFICIAL),
            partial(_by_token, stage, Plugin.OURS),
            partial(_by_page, stage),
        ]
        for call in kinds:
            # A worker's first call takes longer, and does not count.
            await _rested(call)
        rounds = [[await sampling.take(partial(_rested, call)) for call in kinds] for _ in range(samples)]
    official, ours, by_page = (list(side) for side in zip(*rounds, strict=True))
    return [
        *_figures("a caller joins", Both(official, ours)),
        *_figures(f"a caller joins {_BROWSER:g} s after the token of the page", Both(official, by_page)),
    ]


def _figures(group: str, openings: Both[list[Opening]]) -> list[Figure]:
    frames = openings.map(lambda side: [opening.first_frame for opening in side])
    words = openings.map(lambda side: [opening.first_word for opening in side])
    return [*spread(group, "join to first frame", "s", frames), *spread(group, "join to first word", "s", words)]


async def _rested(call: partial[Coroutine[None, None, Opening]]) -> Opening:
    opening = await call()
    await asyncio.sleep(_BETWEEN)
    return opening


async def _by_token(stage: Stage, plugin: Plugin) -> Opening:
    """Join as LiveKit's own front ends do: the caller has a token, and the join dispatches the agent."""
    token = stage.token(f"opening-{secrets.token_hex(4)}", plugin)
    return await join(stage.server.url, token, time.monotonic())


async def _by_page(stage: Stage) -> Opening:
    """Join as our page does: the token endpoint dispatches the agent while the browser prepares."""
    async with aiohttp.ClientSession(raise_for_status=True) as http, http.post(f"{stage.page}/api/call", json={}) as it:
        ticket = await it.json()
    await asyncio.sleep(_BROWSER)
    return await join(ticket["url"], ticket["token"], time.monotonic())
