"""Running the tools of a build, with scripts in place of them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from demo.tools import KEPT_LINES, ToolError, run_tool, version_of
from tests.demo.test_processes import is_running, until

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_line_is_passed_on_without_colours() -> None:
    """The lines include standard error, and standard input is closed."""
    lines: list[str] = []

    await run_tool(
        ["sh", "-c", r"printf '\033[1;31mred\033[0m\n'; cat; echo two >&2"], os.environ, on_line=lines.append
    )

    assert lines == ["red", "two"]


async def test_the_error_has_the_status_and_the_last_lines() -> None:
    """The beginning of a long log is cut."""
    script = f"for n in $(seq {KEPT_LINES + 1}); do echo line $n.; done; exit 3"

    with pytest.raises(ToolError, match=r"`sh` ended with status 3:\n    line 2\.\n") as caught:
        await run_tool(["sh", "-c", script], os.environ)

    assert str(caught.value).endswith(f"line {KEPT_LINES + 1}.")


async def test_the_error_names_a_missing_tool(tmp_path: Path) -> None:
    """The error has the system's message."""
    with pytest.raises(ToolError, match="No such file"):
        await run_tool([str(tmp_path / "missing")], os.environ)


async def cancelled(script: str) -> int:
    """Cancel a tool as soon as it has printed the id of a process, and return the id."""
    said = asyncio.Queue[str]()
    run = asyncio.create_task(run_tool(["sh", "-c", script], os.environ, on_line=said.put_nowait))
    pid = int(await said.get())
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(60):
            await run
    return pid


async def test_a_cancelled_tool_is_ended() -> None:
    """The tool's process is gone when the cancellation has finished."""
    pid = await cancelled("echo $$; exec sleep 60")

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_processes_of_a_cancelled_tool_are_ended() -> None:
    """A tool's own tools write into the folder of the build, which is removed: they are not waited for."""
    pid = await cancelled("sleep 600 & echo $!; wait")

    await until(lambda: not is_running(pid))


@pytest.mark.parametrize(
    ("script", "version"),
    [("echo go version go1.26.8 linux/amd64", (1, 26)), ("echo v24.19.0", (24, 19)), ("echo no", (0, 0))],
)
async def test_a_version_is_the_first_two_numbers(script: str, version: tuple[int, int]) -> None:
    """The numbers are found in any tool's output."""
    assert await version_of(["sh", "-c", script], os.environ) == version
