"""The audit of the dependencies, against an advisory service on loopback."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from uv import find_uv_bin

AUDIT = Path(__file__).parents[2] / ".ci" / "audit"
HOLE = "PYSEC-0000-1"
ADVISORY = {
    "id": HOLE,
    "modified": "2020-01-01T00:00:00Z",
    "summary": "a hole",
    "affected": [
        {
            "package": {"name": "aiohttp", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


def service(*vulnerable: str, status: int = 200) -> TestServer:
    """An advisory service that knows of a hole in these packages."""

    async def query(request: web.Request) -> web.Response:
        names = [each["package"]["name"] for each in (await request.json())["queries"]]
        found = [{"vulns": [ADVISORY]} if name in vulnerable else {} for name in names]
        return web.json_response({"results": found}, status=status)

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(ADVISORY)

    app = web.Application()
    app.router.add_post("/v1/querybatch", query)
    app.router.add_get(f"/v1/vulns/{HOLE}", tell)
    return TestServer(app)


async def audit(*arguments: str) -> tuple[int | None, str]:
    """Exit status, and all that was said."""
    path = f"{Path(find_uv_bin()).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        AUDIT,
        *arguments,
        env=os.environ | {"PATH": path, "UV_HTTP_RETRIES": "0"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize(("vulnerable", "expected"), [((), 0), (("aiohttp",), 1)])
async def test_the_audit_fails_when_a_dependency_has_a_known_hole(vulnerable: tuple[str, ...], expected: int) -> None:
    """The audit passes when every package was looked up and none has a vulnerability."""
    async with service(*vulnerable) as server:
        status, said = await audit("--service-url", str(server.make_url("/")))

    assert status == expected
    assert "NOT CHECKED" not in said
    assert (HOLE in said) == bool(vulnerable)


async def test_a_service_that_can_not_be_reached_is_told_and_fails_nobody() -> None:
    """A machine may have package registries alone."""
    status, said = await audit("--service-url", f"http://127.0.0.1:{unused_port()}/")

    assert (status, said.splitlines()[-1]) == (0, "NOT CHECKED: the advisory service cannot be reached")


async def test_a_required_audit_fails_when_it_can_not_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release is not made on an unanswered question."""
    monkeypatch.setenv("AUDIT_REQUIRED", "1")
    status, said = await audit("--service-url", f"http://127.0.0.1:{unused_port()}/")

    assert (status, said.splitlines()[-1]) == (1, "NOT CHECKED: the advisory service cannot be reached")


@pytest.mark.parametrize("columns", ["", "80"])
async def test_a_service_that_is_out_of_order_is_not_taken_for_an_answer(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its errors are neither a hole nor the absence of one, however wide the terminal is that they are wrapped for."""
    monkeypatch.setenv("COLUMNS", columns)
    async with service(status=503) as server:
        status, said = await audit("--service-url", str(server.make_url("/")))

    assert (status, said.splitlines()[-1]) == (0, "NOT CHECKED: the advisory service cannot be reached")


async def test_an_audit_that_can_not_be_made_fails() -> None:
    """Any other failure of the audit fails the check."""
    status, said = await audit("--no-such-option")

    assert status == 2
    assert "NOT CHECKED" not in said
