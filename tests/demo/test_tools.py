"""Running the tools of a build, with scripts in place of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from demo.tools import KEPT_LINES, ToolError, run_tool, version_of


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


async def test_a_cancelled_tool_is_ended() -> None:
    """The tool's process is gone when the cancellation has finished."""
    said = asyncio.Queue[str]()
    run = asyncio.create_task(run_tool(["sh", "-c", "echo $$; exec sleep 60"], os.environ, on_line=said.put_nowait))
    pid = int(await said.get())

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_processes_of_a_cancelled_tool_are_ended() -> None:
    """A tool's own tools write into the folder of the build, which is removed: they are not waited for."""
    said = asyncio.Queue[str]()
    run = asyncio.create_task(run_tool(["sh", "-c", "sleep 600 & echo $!; wait"], os.environ, on_line=said.put_nowait))
    pid = int(await said.get())

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(60):
            await run

    await has_ended(pid)


async def test_a_tool_that_is_cancelled_while_it_starts_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a tool may do much before its start is reported."""
    create, log = asyncio.create_subprocess_exec, tmp_path / "log"

    async def create_slowly(*command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await create(*command, **options)
        while not log.exists() or not log.read_text().endswith("\n"):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        run.cancel()
        await asyncio.sleep(0.1)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create_slowly)
    run = asyncio.create_task(run_tool(["sh", "-c", f"sleep 600 & echo $! > {log}; wait"], os.environ))
    with pytest.raises(asyncio.CancelledError):
        await run

    await has_ended(int(log.read_text()))


async def has_ended(pid: int) -> None:
    """Wait until a process has ended, though its parent may not have collected it: its files are closed before that."""

    def runs() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        except FileNotFoundError:
            return False

    async with asyncio.timeout(10):
        while runs():  # noqa: ASYNC110 - the end of another process has no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("script", "version"),
    [("echo go version go1.26.8 linux/amd64", (1, 26)), ("echo v24.19.0", (24, 19)), ("echo no", (0, 0))],
)
async def test_a_version_is_the_first_two_numbers(script: str, version: tuple[int, int]) -> None:
    """The numbers are found in any tool's output."""
    assert await version_of(["sh", "-c", script], os.environ) == version
