"""Sends one webhook, signed as in the Standard Webhooks specification (standardwebhooks.com)."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from standardwebhooks.webhooks import Webhook

from agent.reports.outbox import Item
from agent.rooms.reach import is_on_the_internet, is_public

# Seconds for the receiver to answer; the specification recommends 15 to 30.
REQUEST_TIMEOUT = 15.0

_LOOPBACK_NAMES = ("localhost", ".localhost")


class Verdict(Enum):
    """The fate of an item after an attempt."""

    DELIVERED = "delivered"
    RETRY = "tried again later"
    GONE = "given up, with all others of its target"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an attempt.

    Attributes:
        verdict: The fate of the item.
        problem: What went wrong, in a few words; without secrets and without text of the receiver's.
        hint: What an operator can do; empty if only waiting helps.
        wait: Seconds that the receiver asks to wait; None if it does not say.
    """

    verdict: Verdict
    problem: str = ""
    hint: str = ""
    wait: float | None = None


DELIVERED = Outcome(Verdict.DELIVERED)

_LOOK = "the receiver refuses the event: look into its log"
_NO_REDIRECT = "use the address that it redirects to"
_HINTS: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "the receiver does not understand the event: does it expect another service's webhooks?",
    HTTPStatus.UNAUTHORIZED: "the receiver refuses the signature: is WEBHOOK_SECRET the one that it checks with?",
    HTTPStatus.FORBIDDEN: "the receiver refuses the signature: is WEBHOOK_SECRET the one that it checks with?",
    HTTPStatus.NOT_FOUND: "there is nothing at this address: is the path of the URL right?",
    HTTPStatus.METHOD_NOT_ALLOWED: "there is no receiver of POST at this address: is the path of the URL right?",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the receiver accepts no event of this size: set REPORTS, so that call.ended "
    "holds the report's address instead of the report",
}


def webhook_problem(url: str, *, loopback: bool, is_trusted: bool) -> str | None:
    """Return why a URL can't be used for webhooks; None if it can.

    Args:
        url: The receiver's URL.
        loopback: Whether receivers on this machine are allowed, also with http.
        is_trusted: True if the operator has set it. A URL from a call's configuration must be on the internet, so that
            it can't reach a server of the internal network.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "it is not a URL"
    if loopback and _is_loopback(host) and parts.scheme in {"http", "https"}:
        return None
    if parts.scheme != "https" or not host:
        return "it must begin with https:// (WEBHOOK_LOOPBACK=true allows http:// to this machine)"
    if parts.username or parts.password:
        return "it has a user or a password in it, which would be logged: the signature proves the sender"
    return None if is_trusted or is_on_the_internet(url) else "its host is not on the internet"


class PublicResolver(AbstractResolver):
    """Looks up names, and leaves out addresses that are not on the internet.

    Args:
        loopback: Whether addresses of this machine are kept.
    """

    def __init__(self, *, loopback: bool) -> None:
        self._resolver = ThreadedResolver()
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look up a host.

        Raises:
            OSError: It has no address on the internet.
        """
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if self._is_allowed(each["host"])]
        if not allowed:
            message = "the host has no address on the internet"
            raise OSError(message)
        return allowed

    async def close(self) -> None:
        """Close the resolver, which holds nothing."""
        await self._resolver.close()

    def _is_allowed(self, address: str) -> bool:
        ip = ip_address(address)
        return is_public(ip) or (self._loopback and ip.is_loopback)


async def send_webhook(http: aiohttp.ClientSession, item: Item, secret: str, now: float) -> Outcome:
    """Send an event once.

    Args:
        http: Follows the proxy settings.
        item: The event.
        secret: Signs it, `whsec_...`.
        now: Unix time of this attempt, in seconds.
    """
    try:
        async with http.post(
            item.target,
            data=item.body,
            headers=signed_headers(item, secret, now),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT),
        ) as answer:
            return outcome_of(answer.status, answer.headers)
    except (aiohttp.ClientError, OSError) as error:
        return Outcome(Verdict.RETRY, problem=type(error).__name__)


def signed_headers(item: Item, secret: str, now: float) -> dict[str, str]:
    """Return the headers of an attempt. Every attempt has the same id and its own timestamp."""
    at = datetime.fromtimestamp(int(now), UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": "liveavatar-agent",
        "webhook-id": item.id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(secret).sign(item.id, at, item.body.decode()),
    }


def outcome_of(status: int, headers: Mapping[str, str] | None = None) -> Outcome:
    """Return what an answer means: 2xx is delivered, 410 stops the target, everything else is retried."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return DELIVERED
    problem = f"status {status}"
    if status == HTTPStatus.GONE:
        return Outcome(Verdict.GONE, problem)
    hint = "" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _HINTS.get(status, _LOOK)
    hint = _NO_REDIRECT if status < HTTPStatus.BAD_REQUEST else hint
    return Outcome(Verdict.RETRY, problem, hint, _seconds((headers or {}).get("Retry-After", "")))


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == _LOOPBACK_NAMES[0] or host.endswith(_LOOPBACK_NAMES[1])
