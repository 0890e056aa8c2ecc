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
    """Return an advisory service that knows a vulnerability in these packages."""

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
    """Run the audit; return its exit status and its output."""
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
async def test_the_audit_fails_on_a_known_vulnerability(vulnerable: tuple[str, ...], expected: int) -> None:
    """The audit passes when every package was looked up and none has a vulnerability."""
    async with service(*vulnerable) as server:
        status, said = await audit("--service-url", str(server.make_url("/")))

    assert status == expected
    assert "NOT CHECKED" not in said
    assert (HOLE in said) == bool(vulnerable)


async def test_an_unreachable_service_is_reported_and_fails_nothing() -> None:
    """A machine may reach only package registries."""
    status, said = await audit("--service-url", f"http://127.0.0.1:{unused_port()}/")

    assert (status, said.splitlines()[-1]) == (0, "NOT CHECKED: the advisory service cannot be reached")


async def test_a_required_audit_fails_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release is not made without the answer."""
    monkeypatch.setenv("AUDIT_REQUIRED", "1")
    status, said = await audit("--service-url", f"http://127.0.0.1:{unused_port()}/")

    assert (status, said.splitlines()[-1]) == (1, "NOT CHECKED: the advisory service cannot be reached")


@pytest.mark.parametrize("columns", ["", "80"])
async def test_an_error_of_the_service_is_not_taken_for_an_answer(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such an error is neither a vulnerability nor the absence of one, at any width of the terminal that wraps it."""
    monkeypatch.setenv("COLUMNS", columns)
    async with service(status=503) as server:
        status, said = await audit("--service-url", str(server.make_url("/")))

    assert (status, said.splitlines()[-1]) == (0, "NOT CHECKED: the advisory service cannot be reached")


async def test_an_audit_that_can_not_run_fails() -> None:
    """Any other failure of the audit fails the check."""
    status, said = await audit("--no-such-option")

    assert status == 2
    assert "NOT CHECKED" not in said
