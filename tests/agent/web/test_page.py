"""The page's files, and the headers that browsers get with them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from agent.web.headers import policy
from tests.agent.web.web_fakes import settings

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site


@pytest.fixture
def built(site: Site) -> Site:
    """Make a folder with a built page, and a private file next to it."""
    (site.page / "assets").mkdir(parents=True)
    (site.page / "index.html").write_text("<!doctype html>the page")
    (site.page / "icon.svg").write_text("<svg/>")
    (site.page / "assets" / "index-1a2b.js").write_text("start()")
    (site.directory / "secret.txt").write_text("private")
    (site.page / "assets" / "link.txt").symlink_to(site.directory / "secret.txt")
    return site


@pytest.mark.parametrize(
    ("path", "kind", "text", "caching"),
    [
        ("/", "text/html", "<!doctype html>the page", "no-cache"),
        ("/icon.svg", "image/svg+xml", "<svg/>", "no-cache"),
        ("/assets/index-1a2b.js", "javascript", "start()", "public, max-age=31536000, immutable"),
    ],
)
async def test_the_built_page_is_served(built: Site, path: str, kind: str, text: str, caching: str) -> None:
    """Files with a hash in their name are cached for good; the others are revalidated."""
    async with built.client() as client, client.get(path) as answer:
        assert (answer.status, await answer.text()) == (200, text)
        assert kind in answer.content_type
        assert answer.headers["Cache-Control"] == caching


async def test_other_sites_may_load_only_the_widget(built: Site) -> None:
    """All other files can only be loaded by the page itself."""
    (built.page / "widget.js").write_text("show()")
    async with built.client() as client:
        policies = {}
        for path in ("/widget.js", "/", "/assets/index-1a2b.js", "/api/call"):
            async with client.get(path) as answer:
                policies[path] = answer.headers["Cross-Origin-Resource-Policy"]

    own = "same-origin"
    assert policies == {"/widget.js": "cross-origin", "/": own, "/assets/index-1a2b.js": own, "/api/call": own}


async def test_a_compressed_copy_is_sent_to_browsers_that_accept_it(built: Site) -> None:
    """It has the type of the original; other clients get the original."""
    script = built.page / "assets" / "index-1a2b.js"
    script.with_name("index-1a2b.js.gz").write_bytes(gzip.compress(b"compressed()"))
    answers = []
    async with built.client() as client:
        for encoding in ("gzip, deflate, br", "identity"):
            async with client.get("/assets/index-1a2b.js", headers={"Accept-Encoding": encoding}) as answer:
                answers.append((answer.headers.get("Content-Encoding"), await answer.text()))
                assert "javascript" in answer.content_type
                assert answer.headers["Cache-Control"].endswith("immutable")

    assert answers == [("gzip", "compressed()"), (None, "start()")]


@pytest.mark.parametrize(
    ("ancestors", "written"),
    [("", "'none'"), ("https://a.example, *.b.example", "https://a.example *.b.example"), ("self", "'self'")],
)
def test_origins_that_were_set_may_frame_the_page(ancestors: str, written: str) -> None:
    """Without the setting, no origin may frame the page."""
    assert policy(settings(web_frame_ancestors=ancestors)).endswith(f"frame-ancestors {written}")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/%2Fetc%2Fpasswd",
        "/assets/link.txt",
        "/assets",
        "/assets/",
        "/%00",
        "/" + "x" * 300,
    ],
)
async def test_nothing_else_is_served(built: Site, path: str) -> None:
    """Parent paths, absolute paths, links and folder listings are refused."""
    async with built.client() as client, client.get(URL(path, encoded=True)) as answer:
        assert (answer.status, await answer.json()) == (404, {"error": "Not found."})


async def test_a_page_that_is_not_built_says_how_to_build_it(site: Site) -> None:
    """Tokens are still given."""
    async with site.client() as client:
        async with client.get("/") as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert "Run <code>make setup</code>" in await answer.text()
        async with client.post("/api/call") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("path", ["/", "/assets/index-1a2b.js", "/nothing", "/api/call", "/healthz"])
async def test_every_answer_carries_the_security_headers(built: Site, path: str) -> None:
    """Errors and files have them as well; the server's software and version are not shown."""
    async with built.client() as client, client.get(path) as answer:
        headers = answer.headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"].startswith("microphone=(self), camera=()")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Server"] == "liveavatar-agent"


def test_the_inline_script_may_run() -> None:
    """The policy has its hash, so that no other inline script may run."""
    page = (Path(__file__).parents[3] / "web" / "index.html").read_text("utf-8")
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    assert f"script-src 'self' 'sha256-{digest}'; " in policy(settings())


@pytest.mark.parametrize(
    ("values", "servers"),
    [
        ({"livekit_url": "ws://127.0.0.1:7880"}, "http://127.0.0.1:7880 ws://127.0.0.1:7880"),
        ({"livekit_url": "wss://livekit.example.com"}, "https://livekit.example.com wss://livekit.example.com"),
        ({"livekit_url": "https://livekit.example.com"}, "https://livekit.example.com wss://livekit.example.com"),
        ({"livekit_url": "wss://mine.livekit.cloud"}, "https://*.livekit.cloud wss://*.livekit.cloud"),
        (
            {"livekit_url": "ws://livekit:7880", "livekit_public_url": "wss://call.example.com"},
            "https://call.example.com wss://call.example.com",
        ),
        ({"room_owner": "liveavatar", "liveavatar_api_key": "a-key"}, "https: wss:"),
        ({"room_owner": "liveavatar", "stand_ins_url": "http://127.0.0.1:7900"}, "https: wss: http: ws:"),
    ],
)
def test_the_page_may_connect_only_to_the_livekit_server(values: dict[str, Any], servers: str) -> None:
    """In LiveAvatar's rooms it may be any server with TLS."""
    assert f"connect-src 'self' {servers}; " in policy(settings(**values))


def test_pictures_of_cards_need_https() -> None:
    """They may come from any server; the page's own are inline or next to it."""
    assert "img-src 'self' data: blob: https:; " in policy(settings())
