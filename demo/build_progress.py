"""The display of a build's progress: one line that is rewritten, or a plain line once in a while."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

# Seconds between lines where lines can't be rewritten: a log stays short and still shows that the build runs.
PLAIN_LINE_EVERY: Final = 10.0


@dataclass(slots=True)
class BuildProgress:
    """The progress of a build, counted from the output of `go install -v`."""

    what: str
    stage: str = "starting"
    modules: int = 0
    packages: int = 0
    started_at: float = field(default_factory=time.monotonic)

    def hear(self, line: str) -> None:
        """Count one line of Go's: `go: downloading <module> <version>`, or the name of the package being compiled."""
        if line.startswith("go: downloading"):
            self.modules += 1
        elif line and not line.startswith("go: "):
            self.packages += 1

    def describe(self, now: float) -> str:
        """Describe the progress in one line; `now` in monotonic seconds."""
        minutes, seconds = divmod(int(now - self.started_at), 60)
        counts = f": {self.modules} modules, {self.packages} packages" if self.modules or self.packages else ""
        return f"{self.what}, {minutes}:{seconds:02d} {self.stage}{counts}"


@asynccontextmanager
async def showing(progress: BuildProgress, console: Console) -> AsyncIterator[None]:
    """Show the progress as long as the body runs."""
    task = asyncio.create_task(_rewrite(progress, console) if console.is_terminal else _print(progress, console))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    console.print(f"{progress.describe(time.monotonic())}: done")


async def _rewrite(progress: BuildProgress, console: Console) -> None:
    with console.status(progress.describe(time.monotonic())) as status:
        while True:
            await asyncio.sleep(0.5)
            status.update(progress.describe(time.monotonic()))


async def _print(progress: BuildProgress, console: Console) -> None:
    while True:
        console.print(progress.describe(time.monotonic()), soft_wrap=True)
        await asyncio.sleep(PLAIN_LINE_EVERY)
