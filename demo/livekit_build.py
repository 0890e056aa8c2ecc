"""Find the LiveKit server, or build it once: `find_or_build()` returns the path of a working binary."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from demo import go_program
from demo.go_program import BuildError, GoProgram

if TYPE_CHECKING:
    from pathlib import Path

# The newest version that `go install` accepts: since v1.13.6, go.mod has replace directives, which it refuses.
VERSION: Final = "v1.13.5"

SERVER: Final = GoProgram(
    title="LiveKit server",
    command="livekit-server",
    version=VERSION,
    package="github.com/livekit/livekit-server/cmd/server",
    # Go, the modules, Go's build cache and the binary came to 1.4 GB; all but the binary (53 MB) is removed afterwards.
    needed_bytes=2_000_000_000,
    other_ways=(
        "Other ways: put a `livekit-server` on PATH (https://docs.livekit.io/home/self-hosting/local/), "
        "or set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a server you have."
    ),
)


async def find_or_build(console: Console) -> Path:
    """Return the path of the LiveKit server's binary; build it if there is none (a few minutes, once).

    Args:
        console: Where the progress of a build is shown.

    Raises:
        BuildError: There is none, and it can't be built.
    """
    return await go_program.find_or_build(SERVER, console)


if __name__ == "__main__":
    try:
        asyncio.run(find_or_build(Console(stderr=True)))
    except BuildError as error:
        sys.exit(str(error))
