"""The writer between a call and the outbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.reports.outbox import Item, OpenCall, OutboxError, ReportOutbox
from agent.reports.writer import DRAFT_INTERVAL, OutboxWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

CALL = OpenCall("AJ_1", "https://example.com", "", "first")


def item(name: str) -> Item:
    """Make an event."""
    return Item(f"msg_{name}", "lane", "event", "https://example.com", name, b"{}", 1.0)


class NotedOutbox(ReportOutbox):
    """An outbox that records its calls, from any thread, and keeps nothing.

    Attributes:
        asked: Names of events and drafts.
    """

    def __init__(self, path: Path, failure: OutboxError | None = None, dropped: int = 0) -> None:
        super().__init__(path)
        self.asked: list[str] = []
        self._failure = failure
        self._dropped = dropped

    def open_call(self, call: OpenCall, items: Sequence[Item]) -> int:
        return self._note("open", *(each.name for each in items))

    def put(self, items: Sequence[Item]) -> int:
        return self._note(*(each.name for each in items))

    def write_draft(self, job: str, draft: str) -> None:
        self._note(draft)

    def close_call(self, job: str, items: Sequence[Item]) -> int:
        return self._note("close", *(each.name for each in items))

    def _note(self, *words: str) -> int:
        self.asked += words
        if self._failure is not None:
            raise self._failure
        return self._dropped


async def test_everything_is_written_in_order(tmp_path: Path) -> None:
    """All of it is written when `close` returns."""
    outbox = NotedOutbox(tmp_path)
    writer = OutboxWriter(outbox, "AJ_1", lambda: "draft")
    writer.open(CALL, [item("a")])
    writer.put(item("b"))
    await writer.close([item("c")])

    assert outbox.asked == ["open", "a", "b", "close", "c"]


async def test_drafts_are_written_regularly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the report of that time."""
    assert DRAFT_INTERVAL <= 10.0
    monkeypatch.setattr("agent.reports.writer.DRAFT_INTERVAL", 0.01)
    outbox, drafts = NotedOutbox(tmp_path), iter(range(1_000_000))
    writer = OutboxWriter(outbox, "AJ_1", lambda: f"draft {next(drafts)}")
    writer.open(CALL, [])
    async with asyncio.timeout(20):
        while "draft 1" not in outbox.asked:  # noqa: ASYNC110 - it writes by time
            await asyncio.sleep(0.01)
    await writer.close([])

    assert outbox.asked[:3] == ["open", "draft 0", "draft 1"]
    assert outbox.asked[-1] == "close"


async def test_an_outbox_that_fails_is_logged_and_the_rest_is_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The call goes on, as the disk may have space again."""
    outbox = NotedOutbox(tmp_path, OutboxError("the outbox is full"))
    writer = OutboxWriter(outbox, "AJ_1", str)
    writer.open(CALL, [])
    await writer.close([])

    assert outbox.asked == ["open", "close"]
    assert [record.message for record in caplog.records] == ["the outbox is full"] * 2


async def test_items_that_a_full_outbox_drops_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is an error, as they are lost."""
    writer = OutboxWriter(NotedOutbox(tmp_path, dropped=2), "AJ_1", str)
    writer.open(CALL, [])
    await writer.close([])

    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert "oldest items were dropped" in caplog.text


async def test_a_writer_that_was_never_opened_writes_nothing(tmp_path: Path) -> None:
    """The call has neither a webhook nor a store."""
    outbox = NotedOutbox(tmp_path)
    await OutboxWriter(outbox, "AJ_1", str).close([item("a")])

    assert outbox.asked == []
