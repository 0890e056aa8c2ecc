"""The files of reports, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.reports.outbox import Item
from agent.reports.store import address_of, open_store, whole_address, write_file
from agent.reports.webhook import DELIVERED, Verdict

FILE = Item("1", "lane", "file", "", "2026-11-26/a-room.json", b"{}", 1.0)


class Bucket:
    """A stand-in of S3 over HTTP, which takes what is put.

    Attributes:
        objects: By path.
        status: The answer.
        signed: The scheme and the key of each request.
    """

    def __init__(self, status: int = 200) -> None:
        self.objects: dict[str, bytes] = {}
        self.status = status
        self.signed: list[str] = []
        self.app = web.Application()
        self.app.router.add_put("/{path:.*}", self._put)

    async def _put(self, request: web.Request) -> web.Response:
        self.signed.append(request.headers["Authorization"].partition("/")[0])
        if self.status == 200:
            self.objects[request.path] = await request.read()
        return web.Response(status=self.status, headers={"ETag": '"1"'})


def use_bucket(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Set the variables of an S3-compatible service such as MinIO."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)


def files_in(folder: Path) -> dict[Path, bytes]:
    """Every file, with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_folder_is_made_and_gets_whole_files(tmp_path: Path) -> None:
    """Nothing else is left in it."""
    store = open_store(str(tmp_path / "new folder"))

    assert await write_file(store, FILE) == DELIVERED
    assert await write_file(store, FILE) == DELIVERED
    assert files_in(tmp_path) == {tmp_path / "new folder" / FILE.name: b"{}"}


async def test_a_bucket_gets_signed_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the endpoint that the usual variables name, with the prefix before the name."""
    bucket = Bucket()
    async with TestServer(bucket.app) as server:
        use_bucket(monkeypatch, str(server.make_url("")).rstrip("/"))
        assert await write_file(open_store("s3://calls/of/mine"), FILE) == DELIVERED

    assert bucket.objects == {f"/calls/of/mine/{FILE.name}": b"{}"}
    assert bucket.signed == ["AWS4-HMAC-SHA256 Credential=a-key"]


@pytest.mark.parametrize(("status", "hinted"), [(403, "AWS_ACCESS_KEY_ID"), (404, "REPORTS"), (500, "")])
async def test_a_bucket_that_refuses_is_tried_again(monkeypatch: pytest.MonkeyPatch, status: int, hinted: str) -> None:
    """Once in an attempt: the outbox has the patience."""
    bucket = Bucket(status)
    async with TestServer(bucket.app) as server:
        use_bucket(monkeypatch, str(server.make_url("")).rstrip("/"))
        outcome = await write_file(open_store("s3://calls"), FILE)

    assert outcome.verdict is Verdict.RETRY
    assert hinted in outcome.hint
    assert len(bucket.signed) == 1


async def test_a_folder_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    """As a disk that is full."""
    store = open_store(str(tmp_path / "folder"))
    (tmp_path / "folder").rmdir()
    (tmp_path / "folder").touch()

    assert (await write_file(store, FILE)).verdict is Verdict.RETRY


def test_what_cannot_be_a_folder_is_not_opened(tmp_path: Path) -> None:
    """The start tells why."""
    (tmp_path / "file").touch()

    with pytest.raises(ValueError, match="Not a directory"):
        open_store(str(tmp_path / "file" / "folder"))


def test_addresses() -> None:
    """A folder has its whole path, which another process understands too."""
    assert whole_address("") == ""
    assert whole_address("s3://calls/of") == "s3://calls/of"
    assert whole_address("reports") == str(Path.cwd() / "reports")
    assert address_of("s3://calls/of/", "a.json") == "s3://calls/of/a.json"
