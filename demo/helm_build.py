"""Find Helm, or build it once; `python -m demo.helm_build template ...` runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

from rich.console import Console

from demo.go_program import BuildError, GoProgram, find_or_build

HELM: Final = GoProgram(
    title="package manager Helm",
    command="helm",
    version="v3.22.0",
    package="helm.sh/helm/v3/cmd/helm",
    needed_bytes=3_000_000_000,
    other_ways="Other ways: put a `helm` on PATH (https://helm.sh/docs/intro/install/).",
)

if __name__ == "__main__":
    try:
        helm = asyncio.run(find_or_build(HELM, Console(stderr=True)))
    except BuildError as error:
        sys.exit(str(error))
    if arguments := sys.argv[1:]:
        os.execv(helm, [str(helm), *arguments])  # noqa: S606 - the program that was found
