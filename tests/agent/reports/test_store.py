"""The files of reports, in a folder or a bucket."""

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
    """A fake S3 over HTTP, which accepts uploads.

    Attributes:
        objects: Uploaded contents by path.
        status: HTTP status of the answers.
        signed: Scheme and key of each request.
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
    """Return every file with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_folder_is_created_and_gets_whole_files(tmp_path: Path) -> None:
    """No other file is left in it."""
    store = open_store(str(tmp_path / "new folder"))

    assert await write_file(store, FILE) == DELIVERED
    assert await write_file(store, FILE) == DELIVERED
    assert files_in(tmp_path) == {tmp_path / "new folder" / FILE.name: b"{}"}


async def test_a_bucket_gets_signed_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint is that of the usual variables, and the prefix precedes the name."""
    bucket = Bucket()
    async with TestServer(bucket.app) as server:
        use_bucket(monkeypatch, str(server.make_url("")).rstrip("/"))
        assert await write_file(open_store("s3://calls/of/mine"), FILE) == DELIVERED

    assert bucket.objects == {f"/calls/of/mine/{FILE.name}": b"{}"}
    assert bucket.signed == ["AWS4-HMAC-SHA256 Credential=a-key"]


@pytest.mark.parametrize(("status", "hinted"), [(403, "AWS_ACCESS_KEY_ID"), (404, "REPORTS"), (500, "")])
async def test_a_bucket_that_refuses_is_retried(monkeypatch: pytest.MonkeyPatch, status: int, hinted: str) -> None:
    """Each attempt sends one request, as the outbox does the retries."""
    bucket = Bucket(status)
    async with TestServer(bucket.app) as server:
        use_bucket(monkeypatch, str(server.make_url("")).rstrip("/"))
        outcome = await write_file(open_store("s3://calls"), FILE)

    assert outcome.verdict is Verdict.RETRY
    assert hinted in outcome.hint
    assert len(bucket.signed) == 1


async def test_a_missing_folder_is_retried(tmp_path: Path) -> None:
    """A full disk is treated alike."""
    store = open_store(str(tmp_path / "folder"))
    (tmp_path / "folder").rmdir()
    (tmp_path / "folder").touch()

    assert (await write_file(store, FILE)).verdict is Verdict.RETRY


def test_a_path_that_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    """The worker's start says why."""
    (tmp_path / "file").touch()

    with pytest.raises(ValueError, match="Not a directory"):
        open_store(str(tmp_path / "file" / "folder"))


def test_addresses() -> None:
    """A folder's address is its absolute path, which holds in other processes, too."""
    assert whole_address("") == ""
    assert whole_address("s3://calls/of") == "s3://calls/of"
    assert whole_address("reports") == str(Path.cwd() / "reports")
    assert address_of("s3://calls/of/", "a.json") == "s3://calls/of/a.json"
