"""Properties of the Dockerfile, read from its text."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from tests.deploy.dockerfile import Stage

FINAL = ["stand-ins", "worker"]
PINNED = r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}"


def test_a_plain_build_makes_the_worker(stages: dict[str, Stage]) -> None:
    """`docker build` without a target takes the last stage."""
    assert list(stages)[-1] == "worker"


def test_every_outside_image_is_pinned_by_digest(stages: dict[str, Stage]) -> None:
    """The tag names the version for people; the digest fixes the content."""
    named = {stage.base for stage in stages.values()}
    named |= {each.source_image for stage in stages.values() for each in stage.all("COPY") if each.source_image}

    outside = named - set(stages)

    assert outside
    assert all(re.fullmatch(PINNED, image) for image in outside)


@pytest.mark.parametrize("name", FINAL)
def test_the_command_is_in_exec_form(stages: dict[str, Stage], name: str) -> None:
    """SIGTERM reaches Python, without a shell in between."""
    assert stages[name].last("CMD").is_exec_form
    assert stages[name].last("STOPSIGNAL").text == "SIGTERM"


def test_the_worker_has_an_init(stages: dict[str, Stage]) -> None:
    """The init is the first process; it runs the worker's command and forwards signals to it alone."""
    worker = stages["worker"]
    copied = [each.words[-1] for each in worker.all("COPY") if each.source_image == "init"]

    assert worker.last("ENTRYPOINT").words == ["/usr/bin/tini", "--"]
    assert copied == ["/usr/bin/tini"]
    assert "apt-get install -y --no-install-recommends tini" in stages["init"].last("RUN").text


@pytest.mark.parametrize("name", FINAL)
def test_the_user_is_a_number_and_not_root(stages: dict[str, Stage], name: str) -> None:
    """Kubernetes checks runAsNonRoot by number."""
    user, group = stages[name].last("USER").text.split(":")

    assert int(user) > 0
    assert int(group) > 0


def test_the_state_directory_belongs_to_its_user(stages: dict[str, Stage]) -> None:
    """The directory belongs to the worker's user, and to group 0, which OpenShift gives any user id."""
    worker = stages["worker"]
    made = next(each for each in worker.all("RUN") if "$STATE_DIR" in each.text)
    user, _ = worker.last("USER").text.split(":")

    assert made.text == f"install -d -m 770 -o {user} -g 0 $STATE_DIR"
    assert worker.instructions.index(made) < worker.instructions.index(worker.last("USER"))


def test_the_worker_runs_its_start_command(stages: dict[str, Stage]) -> None:
    """`start` is the command that drains on SIGTERM; `dev` does not."""
    assert stages["worker"].last("CMD").words == ["python", "agent.py", "start"]


@pytest.mark.parametrize("name", FINAL)
@pytest.mark.parametrize(("status", "is_healthy"), [(200, True), (503, False)])
async def test_the_health_check_reports_the_ports_answer(
    stages: dict[str, Stage], name: str, status: int, *, is_healthy: bool
) -> None:
    """The image's own HEALTHCHECK command passes on 200 and fails on 503."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        exposed = stages[name].last("EXPOSE").text
        python, *arguments = stages[name].last("HEALTHCHECK").words
        assert python == "python"
        assert exposed in arguments[-1]
        arguments[-1] = arguments[-1].replace(exposed, str(server.port))

        assert (await _status(arguments, {}) == 0) is is_healthy


@pytest.mark.parametrize("name", ["WORKER_PORT", "PORT"])
async def test_the_health_check_uses_the_port_that_was_set(stages: dict[str, Stage], name: str) -> None:
    """The setting or the platform sets the port, also in the quotes that Docker's --env-file passes on."""
    app = web.Application()
    app.router.add_get("/", _answer)
    async with TestServer(app) as server:
        arguments = list(stages["worker"].last("HEALTHCHECK").words[1:])

        assert await _status(arguments, {name: f'"{server.port}"'}) == 0


async def _answer(_: web.Request) -> web.Response:
    return web.Response()


async def _status(arguments: list[str], environment: dict[str, str]) -> int:
    clean = {each: value for each, value in os.environ.items() if each not in {"PORT", "WORKER_PORT"}}
    check = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stderr=asyncio.subprocess.DEVNULL, env={**clean, **environment}
    )
    return await check.wait()


def test_the_build_context_holds_only_what_is_copied(stages: dict[str, Stage]) -> None:
    """.dockerignore lets in exactly the sources of the COPY instructions, so no .env can get into an image."""
    ignored, *rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    allowed = {PurePosixPath(rule.removeprefix("!")) for rule in rules if rule.startswith("!")}
    copies = [each for stage in stages.values() for each in stage.all("COPY") if each.source_image is None]

    assert ignored == "*"
    assert allowed == {PurePosixPath(source) for each in copies for source in each.words[:-1]}
