"""The tables of reports and webhooks match the code, and the example is a receiver of webhooks."""

from __future__ import annotations

import re
import time
import tomllib
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from agent.reports.outbox import Item
from agent.reports.prices import Prices, load_prices
from agent.reports.report import Usage
from agent.reports.webhook import DELIVERED, send_webhook
from agent.settings import Settings
from docs.examples.webhooks import Receiver, show
from docs.reports import PAGE, page_with_tables

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = (
    b'{"type": "call.ended", "timestamp": "2026-11-26T20:30:00Z",'
    b' "data": {"room": "a-room", "end_reason": "the caller has left", "report": {}}}'
)


def test_the_tables_in_the_page_match_the_code() -> None:
    """The tables are current; `python -m docs.reports` writes them again."""
    page = PAGE.read_text("utf-8")

    assert page == page_with_tables(page)


def test_the_page_names_existing_settings() -> None:
    """Each setting is in the table of settings."""
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))

    assert len(named) == 8
    assert {name.lower() for name in named} <= set(Settings.model_fields)


async def test_the_example_accepts_an_event_once_and_refuses_a_forged_one(capsys: Any) -> None:
    """The example answers a repeat with success, so that the sender stops, and prints nothing."""
    seen: list[dict[str, Any]] = []
    async with TestServer(Receiver(SECRET, seen.append).app) as server, aiohttp.ClientSession() as http:
        item = Item("msg_1", "lane", "event", str(server.make_url("/hook")), "call.ended", EVENT, 1.0)
        outcomes = [await send_webhook(http, item, SECRET, time.time()) for _ in range(2)]
        forged = await send_webhook(http, item, "whsec_" + "A" * 32, time.time())
    show(seen[0])

    assert outcomes == [DELIVERED, DELIVERED]
    assert forged.problem == "status 401"
    assert [event["type"] for event in seen] == ["call.ended"]
    assert capsys.readouterr().out == "2026-11-26T20:30:00Z call.ended a-room end_reason=the caller has left\n"


def test_a_missing_price_can_be_set_as_in_the_page() -> None:
    """The page's example is the missing part of a file of prices."""
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    speech = Usage(
        kind="tts", vendor="elevenlabs", model=Settings().eleven_model, amounts={"characters": 2_000}, cost=None
    )

    assert load_prices().cost(speech) is None
    assert load_prices().sum((speech,)).unpriced == ("elevenlabs eleven_flash_v2_5",)
    assert Prices.model_validate(tomllib.loads(example)).cost(speech) == 0.1
