"""Writes the events of a call into the outbox, in order, without blocking the call."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from agent.reports.outbox import Item, OpenCall, OutboxError, ReportOutbox

logger = logging.getLogger("agent")

# Seconds without an event after which the draft of the report is written: a kill loses little more than that.
DRAFT_INTERVAL = 10.0

_Write = Callable[[], int]


class OutboxWriter:
    """Writes for one call, one item after the other, in threads.

    Args:
        outbox: The outbox of this machine.
        job: LiveKit's id of the call's job.
        draft: Returns the report so far, as JSON.
    """

    def __init__(self, outbox: ReportOutbox, job: str, draft: Callable[[], str]) -> None:
        self._outbox = outbox
        self._job = job
        self._draft = draft
        self._writes: asyncio.Queue[_Write | None] = asyncio.Queue()
        self._writing: asyncio.Task[None] | None = None

    def open(self, call: OpenCall, items: Sequence[Item]) -> None:
        """Start writing: note the call and its first items."""
        self._writes.put_nowait(partial(self._outbox.open_call, call, items))
        self._writing = asyncio.create_task(self._run(), name="report_writer")

    def put(self, item: Item) -> None:
        """Write an item."""
        self._writes.put_nowait(partial(self._outbox.put, [item]))

    async def close(self, items: Sequence[Item]) -> None:
        """Write the last items, and return when everything is written."""
        if self._writing is None:
            return
        self._writes.put_nowait(partial(self._outbox.close_call, self._job, items))
        self._writes.put_nowait(None)
        await self._writing

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(DRAFT_INTERVAL):
                    write = await self._writes.get()
            except TimeoutError:
                write = partial(self._write_draft, self._draft())
            if write is None:
                return
            await self._try(write)

    def _write_draft(self, draft: str) -> int:
        self._outbox.write_draft(self._job, draft)
        return 0

    async def _try(self, write: _Write) -> None:
        try:
            dropped = await asyncio.to_thread(write)
        except OutboxError as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback
            return
        if dropped:
            logger.error("the outbox is full, and its oldest items were dropped", extra={"dropped": dropped})
