"""One webhook: its signature, where it may go, and the meaning of an answer."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from agent.reports.outbox import Item
from agent.reports.webhook import (
    DELIVERED,
    PublicResolver,
    Verdict,
    outcome_of,
    send_webhook,
    signed_headers,
    webhook_problem,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def event(target: str = "https://example.com") -> Item:
    """Make an event with a text in another script."""
    return Item("msg_1", "lane", "event", target, "call.started", '{"text": "ä"}'.encode(), 1.0)


def test_a_receiver_can_verify_the_signature() -> None:
    """The scheme's own library verifies it; the timestamp is the attempt's."""
    now = time.time()
    headers = signed_headers(event(), SECRET, now)

    assert Webhook(SECRET).verify(event().body, headers) == {"text": "ä"}
    assert headers["webhook-timestamp"] == str(int(now))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b'{"text": "b"}', headers)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the scheme's libraries has id, time, body and secret."""
    body = b'{"test": 2432232314}'
    item = Item("msg_p5jXN8AQM9LWM0D4loKWxJek", "lane", "event", "", "", body, 0.0)
    headers = signed_headers(item, SECRET, 1614265330.7)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "loopback", "is_trusted", "is_allowed"),
    [
        ("https://example.com/hook", False, False, True),
        ("http://example.com/hook", False, True, False),
        ("http://127.0.0.1:8000/hook", True, True, True),
        ("http://localhost:8000/hook", True, False, True),
        ("http://127.0.0.1:8000/hook", False, True, False),
        ("http://10.0.0.1/hook", True, True, False),
        ("https://10.0.0.1/hook", False, True, True),
        ("https://10.0.0.1/hook", False, False, False),
        ("https://169.254.169.254/latest", True, False, False),
        ("https://[::1]/hook", False, False, False),
        ("https://hooks.internal/hook", False, False, False),
        ("https://user:password@example.com", False, True, False),
        ("ftp://localhost/hook", True, True, False),
        ("https://", False, True, False),
        ("https://[", False, True, False),
    ],
)
def test_where_webhooks_may_go(url: str, loopback: bool, is_trusted: bool, is_allowed: bool) -> None:
    """They go by https, to loopback if that is allowed, and into private networks the operator has named."""
    assert (webhook_problem(url, loopback=loopback, is_trusted=is_trusted) is None) == is_allowed


async def test_a_name_with_a_loopback_address_is_not_resolved() -> None:
    """It is resolved if loopback is allowed: a name alone does not tell where it leads."""
    with pytest.raises(OSError, match="no address on the internet"):
        await PublicResolver(loopback=False).resolve("localhost", 80)
    assert await PublicResolver(loopback=True).resolve("localhost", 80)


@pytest.mark.parametrize("address", ["64:ff9b::a00:1", "2002:a00:1::", "224.0.0.1"])
async def test_a_private_address_in_another_form_is_refused(address: str) -> None:
    """It may be part of an IPv6 address or multicast, in a DNS answer or in the URL."""
    with pytest.raises(OSError, match="no address on the internet"):
        await PublicResolver(loopback=False).resolve(address, 443, socket.AF_UNSPEC)
    url = f"https://[{address}]/" if ":" in address else f"https://{address}/"
    assert webhook_problem(url, loopback=False, is_trusted=False) == "its host is not on the internet"


@pytest.mark.parametrize(
    ("status", "verdict", "hinted"),
    [
        (200, Verdict.DELIVERED, ""),
        (204, Verdict.DELIVERED, ""),
        (301, Verdict.RETRY, "redirects"),
        (400, Verdict.RETRY, "another service"),
        (401, Verdict.RETRY, "WEBHOOK_SECRET"),
        (404, Verdict.RETRY, "path"),
        (410, Verdict.GONE, ""),
        (413, Verdict.RETRY, "REPORTS"),
        (418, Verdict.RETRY, "log"),
        (500, Verdict.RETRY, ""),
    ],
)
def test_the_verdict_follows_the_status(status: int, verdict: Verdict, hinted: str) -> None:
    """A refused event is sent again, with a hint for the operator."""
    outcome = outcome_of(status)

    assert outcome.verdict is verdict
    assert hinted in outcome.hint
    assert bool(outcome.hint) == bool(hinted)


def test_a_receiver_may_ask_for_time() -> None:
    """Seconds are read, a date is not."""
    assert outcome_of(503, {"Retry-After": "120"}).wait == 120.0
    assert outcome_of(503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}).wait is None


class Receiver:
    """A receiver that answers with one status after another.

    Attributes:
        asked: Requested paths.
    """

    def __init__(self, *statuses: int) -> None:
        self.asked: list[str] = []
        self._statuses: Iterator[int] = iter(statuses)
        self.app = web.Application()
        self.app.router.add_post("/{path:.*}", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(status=next(self._statuses), headers={"Location": "/elsewhere"})


async def test_a_redirect_is_not_followed() -> None:
    """It could lead into a private network."""
    receiver = Receiver(302, 200)
    async with TestServer(receiver.app) as server, aiohttp.ClientSession() as http:
        item = event(str(server.make_url("/hook")))
        assert (await send_webhook(http, item, SECRET, time.time())).verdict is Verdict.RETRY
        assert await send_webhook(http, item, SECRET, time.time()) == DELIVERED

    assert receiver.asked == ["/hook", "/hook"]


async def test_a_receiver_that_is_down_is_retried() -> None:
    """The problem has no word of the event."""
    async with aiohttp.ClientSession() as http:
        outcome = await send_webhook(http, event("http://127.0.0.1:9/hook"), SECRET, time.time())

    assert (outcome.verdict, outcome.problem) == (Verdict.RETRY, "ClientConnectorError")
