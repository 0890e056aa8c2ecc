"""The restrictions in compose.yaml."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.dockerfile import ROOT
from tests.deploy.test_dockerfile import PINNED

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def services() -> Any:
    """Return the services of compose.yaml."""
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]


def test_every_service_is_locked_down(services: Any) -> None:
    """Each has a read-only file system, no capabilities, no new privileges, and limits for CPU and memory."""
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name


def test_images_of_others_are_pinned_by_digest(services: Any) -> None:
    """Images that are built here have no digest yet."""
    others = {name: each["image"] for name, each in services.items() if "build" not in each}

    assert set(others) == {"livekit", "redis", "prometheus", "grafana"}
    assert [image for image in others.values() if not re.fullmatch(PINNED, image)] == []


def test_no_key_has_a_default() -> None:
    """LiveKit's key pair has to be set; anyone could use a well-known default."""
    text = (ROOT / "deploy/compose.yaml").read_text()
    keys = re.findall(r"\$\{(LIVEKIT_API_\w+)(:.)", text)

    assert {name for name, _ in keys} == {"LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"}
    assert {operator for _, operator in keys} == {":?"}
    assert not re.findall(r"(?:KEY|SECRET|PASSWORD): [^$\n]", text)


def test_redis_belongs_to_the_fleet_profile(services: Any) -> None:
    """Redis runs only with its profile, has no published port, and the worker waits for it only then."""
    redis, needed = services["redis"], services["worker"]["depends_on"]["redis"]

    assert redis["profiles"] == ["fleet"]
    assert "ports" not in redis
    assert redis["volumes"] == ["redis:/data"]
    assert needed == {"condition": "service_healthy", "required": False}
    assert "REDIS_HOST" not in services["livekit"]["environment"]


@pytest.mark.parametrize(("password", "starts"), [("abc123", True), ("", False)])
def test_redis_does_not_start_without_a_password(services: Any, tmp_path: Path, password: str, *, starts: bool) -> None:
    """The password is passed on standard input, where `ps` does not show it."""
    program = tmp_path / "redis-server"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/configuration\n')
    program.chmod(0o755)
    command = [word.replace("$$", "$") for word in services["redis"]["command"]]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REDIS_PASSWORD": password}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - the file's

    assert (done.returncode == 0) is starts
    assert ("is not set" in done.stderr) is not starts
    if starts:
        assert (tmp_path / "arguments").read_text() == "-\n"
        assert 'requirepass "abc123"\nappendonly yes\n' in (tmp_path / "configuration").read_text()
