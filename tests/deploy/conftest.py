"""Shared fixtures of the deployment tests: the Dockerfile, parsed and built once."""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.go_program import find_or_build
from demo.helm_build import HELM
from demo.page_build import ready_node
from tests.deploy.dockerfile import ROOT, Stage, read_stages
from tests.deploy.image_build import ImageBuild

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stages() -> dict[str, Stage]:
    """Return the Dockerfile's stages."""
    return read_stages()


@pytest.fixture(scope="session")
def node_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the commands of the Node.js that builds the page here."""
    tools = tmp_path_factory.mktemp("node")
    node = asyncio.run(ready_node(ROOT / "web", Console(stderr=True)))
    (tools / "node").symlink_to(node.binary)
    (tools / "npm").write_text(f'#!/bin/sh\nexec {shlex.join(node.npm)} "$@"\n')
    (tools / "npm").chmod(0o755)
    return tools


@pytest.fixture(scope="session")
def images(stages: dict[str, Stage], node_tools: Path) -> Iterator[ImageBuild]:
    """Yield the built final stages. They take 0.5 GB, so they are removed at once instead of kept as a tmp_path."""
    with tempfile.TemporaryDirectory(prefix="image-") as directory:
        build = ImageBuild(stages, Path(directory), Path(sys.executable), node_tools)
        build.make("worker")
        build.make("stand-ins")
        yield build


@pytest.fixture(scope="session")
def helm() -> Path:
    """Return Helm, built if there is none."""
    return asyncio.run(find_or_build(HELM, Console(stderr=True)))
