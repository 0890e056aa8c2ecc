"""The Dockerfile's own steps, run in a clean directory: the images have all that they run."""

from __future__ import annotations

import gzip
import sys
from typing import TYPE_CHECKING

import pytest

from agent.web.page import built_page

if TYPE_CHECKING:
    from tests.deploy.dockerfile import Stage
    from tests.deploy.image_build import ImageBuild

# The first of these tests runs the build: ten seconds, and minutes where every wheel must be downloaded first.
pytestmark = pytest.mark.timeout(600)


def test_packages_import_from_the_image_alone(images: ImageBuild) -> None:
    """The worker's image finds its packages in its own environment, neither next to agent.py nor in the checkout."""
    done = images.run("worker", ["python", "-c", "import agent, avatar; print(agent.__file__)"])

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{images.workdir('worker')}/.venv/")


def test_the_entry_point_starts_in_the_image(images: ImageBuild, stages: dict[str, Stage]) -> None:
    """The command of the image exists: its program answers to --help."""
    worker, root = stages["worker"], images.workdir("worker").parent
    init, *rest = worker.last("ENTRYPOINT").words
    done = images.run("worker", [f"{root}{init}", *rest, *worker.last("CMD").words, "--help"])

    assert done.returncode == 0, done.stderr


def test_the_stand_ins_start_in_their_image(images: ImageBuild, stages: dict[str, Stage]) -> None:
    """The stand-ins' image has the packages they need."""
    done = images.run("stand-ins", [*stages["stand-ins"].last("CMD").words, "--help"])

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "package", ["pytest", "pocketsphinx", "espeakng_loader", "livekit.plugins.liveavatar", "demo", "simulators"]
)
def test_the_worker_image_has_neither_tests_nor_stand_ins(images: ImageBuild, package: str) -> None:
    """Packages that only tests and stand-ins need are not in the worker's image."""
    done = images.run("worker", ["python", "-c", f"import {package}"])

    assert "ModuleNotFoundError" in done.stderr


def test_the_worker_image_holds_nothing_but_code(images: ImageBuild) -> None:
    """The image has the environment, the entry point, the built page and the licences; no .env, no test."""
    workdir = images.workdir("worker")

    assert {path.name for path in workdir.iterdir()} == {
        ".venv",
        "agent.py",
        "web",
        "LICENSE",
        "THIRD_PARTY_NOTICES.md",
    }
    assert {path.name for path in (workdir / "web").iterdir()} == {"dist"}


def test_the_page_is_where_the_worker_looks_for_it(images: ImageBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    """The built page is next to the script that runs."""
    monkeypatch.setattr("sys.argv", [str(images.workdir("worker") / "agent.py")])

    assert "<script" in (built_page() / "index.html").read_text()
    assert gzip.decompress((built_page() / "index.html.gz").read_bytes()) == (built_page() / "index.html").read_bytes()


def test_the_state_directory_is_there_for_its_user_and_group(images: ImageBuild) -> None:
    """A new volume takes over its owner and mode, and sessions can be noted there."""
    program = (
        "from agent.settings import load_settings; from agent.sessions.sweeper import open_journal\n"
        "directory = open_journal(load_settings()).directory; print(directory, oct(directory.stat().st_mode & 0o777))"
    )
    done = images.run("worker", ["python", "-c", program])

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{images.workdir('worker').parent}/var/lib/liveavatar-agent", "0o770"]


def test_packages_are_compiled_in_the_image(images: ImageBuild) -> None:
    """The containers' file system is read-only, so each start would compile them again."""
    packages = images.workdir("worker") / f".venv/lib/python3.{sys.version_info.minor}/site-packages"

    assert list((packages / "avatar/__pycache__").glob("*.pyc"))
