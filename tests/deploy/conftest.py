"""What several of the deployment's tests need: the Dockerfile read, and carried out once."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.dockerfile import Stage, read_stages
from tests.deploy.image_build import ImageBuild

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stages() -> dict[str, Stage]:
    """The Dockerfile's stages."""
    return read_stages()


@pytest.fixture(scope="session")
def images(stages: dict[str, Stage]) -> Iterator[ImageBuild]:
    """The final stages, built. Half a gigabyte, so it is removed at once rather than kept as a tmp_path."""
    with tempfile.TemporaryDirectory(prefix="image-") as directory:
        build = ImageBuild(stages, Path(directory), Path(sys.executable))
        build.make("worker")
        build.make("stand-ins")
        yield build
