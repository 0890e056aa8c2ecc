"""Runs the extraction of texts in its own process, which is killed when a document takes too long."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.knowledge.passages import Section
from agent.knowledge.sources import Kind

_ROOT = Path(__file__).parents[2]

# Most bytes of one answer: the text of a document, which is bounded, in JSON.
_LONGEST_ANSWER = 32 * 1024 * 1024


class ReadError(Exception):
    """A document has no text that can be read; the message says why."""


class DocumentReader:
    """Reads one document after the other. Use it as an asynchronous context manager.

    Args:
        timeout: Seconds for one document.
    """

    def __init__(self, timeout: float = 30.0) -> None:
        self._timeout = timeout
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return itself; the process starts with the first document."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        await self._kill()

    async def read(self, kind: Kind, path: Path) -> tuple[str, list[Section]]:
        """Read a document.

        Returns:
            Its own title, which may be empty, and its sections.

        Raises:
            ReadError: It is broken, has no text, or takes too long.
        """
        async with self._one_at_a_time:
            answer = await self._answer(kind, path)
        if "error" in answer:
            raise ReadError(str(answer["error"]))
        sections: list[tuple[str, str]] = answer["sections"]
        return answer["title"], [Section(where, text) for where, text in sections]

    async def _answer(self, kind: Kind, path: Path) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask(json.dumps({"kind": kind, "path": str(path)}))
        except TimeoutError:
            await self._kill()
            message = f"reading it took more than {self._timeout:g} seconds"
            raise ReadError(message) from None
        except (OSError, ValueError):
            await self._kill()
            message = "the process that read it has died"
            raise ReadError(message) from None

    async def _ask(self, request: str) -> dict[str, Any]:
        process = self._process = self._process or await _start()
        if process.stdin is None or process.stdout is None:
            message = "it has no pipes"
            raise OSError(message)
        process.stdin.write(f"{request}\n".encode())
        await process.stdin.drain()
        answer: dict[str, Any] = json.loads(await process.stdout.readline())
        return answer

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        # This closes its pipes, too. Cancelled in the moment that it takes, they would stay open.
        ending = asyncio.create_task(process.communicate(), name="document_reader_end")
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent.knowledge.extract",
        cwd=_ROOT,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=_LONGEST_ANSWER,
    )
