"""The process that reads documents: if it dies or hangs, the next document is still read."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from agent.knowledge.passages import Section
from agent.knowledge.reader import DocumentReader, ReadError
from tests.agent.knowledge.pdf import pdf

if TYPE_CHECKING:
    from pathlib import Path


async def test_documents_are_read_by_one_process(tmp_path: Path) -> None:
    """A broken one gives an error with a reason, and the process goes on."""
    (tmp_path / "good.pdf").write_bytes(pdf("Thirty days."))
    (tmp_path / "broken.pdf").write_bytes(pdf("Thirty days.")[:100])
    (tmp_path / "a.md").write_text("# Hours\nFrom nine.")
    async with DocumentReader() as reader:
        with pytest.raises(ReadError, match="PdfStreamError"):
            await reader.read("pdf", tmp_path / "broken.pdf")
        first = reader._process
        _, [page] = await reader.read("pdf", tmp_path / "good.pdf")
        notes = await reader.read("markdown", tmp_path / "a.md")

        assert reader._process is first
    assert page.text.strip() == "Thirty days."
    assert notes == ("", [Section("Hours", "From nine.")])
    assert first is not None
    assert first.returncode is not None


async def test_a_document_that_takes_too_long_ends_the_process(tmp_path: Path) -> None:
    """The next document gets a new process."""
    (tmp_path / "a.txt").write_text("From nine.")
    async with DocumentReader(timeout=0.001) as reader:
        with pytest.raises(ReadError, match=r"more than 0\.001 seconds"):
            await reader.read("text", tmp_path / "a.txt")
        reader._timeout = 30.0

        assert await reader.read("text", tmp_path / "a.txt") == ("", [Section("", "From nine.")])


async def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    """The kernel may kill it when memory is short, for example."""
    (tmp_path / "a.txt").write_text("From nine.")
    async with DocumentReader() as reader:
        await reader.read("text", tmp_path / "a.txt")
        assert reader._process is not None
        reader._process.kill()
        await reader._process.wait()
        with pytest.raises(ReadError, match="has died"):
            await reader.read("text", tmp_path / "a.txt")

        assert await reader.read("text", tmp_path / "a.txt") == ("", [Section("", "From nine.")])


async def test_the_process_ends_when_its_end_is_cancelled(tmp_path: Path) -> None:
    """The worker stops while a reader closes: the process is gone and its pipes are closed all the same."""
    (tmp_path / "a.txt").write_text("From nine.")
    reader = DocumentReader()
    await reader.read("text", tmp_path / "a.txt")
    process = reader._process
    closing = asyncio.create_task(reader.__aexit__(None, None, None))
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert process is not None
    assert process.stdout is not None
    assert (process.returncode, process.stdout.at_eof()) == (-signal.SIGKILL, True)
