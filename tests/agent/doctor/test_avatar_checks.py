"""The checks of LiveAvatar: they find what would keep the avatar out of a call, without paying for a session."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.avatar_checks import avatar_checks
from agent.doctor.finding import Finding, find
from agent.settings import load_settings
from avatar import SANDBOX_AVATAR_ID, LiveAvatarAPI


class Account:
    """A fake LiveAvatar account; a test sets its contents and its refusals."""

    def __init__(self) -> None:
        self.credits_left: Any = "12.50"
        self.avatar: dict[str, Any] = {"name": "Wayne", "status": "ACTIVE", "is_expired": False}
        self.longest = 1200
        self.refusal = ""
        self.asked: list[dict[str, Any]] = []

    async def on_credits(self, _: web.Request) -> web.Response:
        return web.json_response({"code": 100, "data": {"credits_left": self.credits_left}, "message": ""})

    async def on_avatar(self, _: web.Request) -> web.Response:
        return web.json_response({"code": 100, "data": self.avatar, "message": ""})

    async def on_token(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        words = self.refusal
        if body["max_session_duration"] > self.longest:
            words = (
                f"max_session_duration ({body['max_session_duration']}s) exceeds the maximum allowed ({self.longest}s)"
            )
        elif body["video_settings"]["quality"] == "very_high":
            words = "very_high is not in your plan"
        if words:
            problem: dict[str, Any] = {"loc": None, "message": words, "params": {}}
            return web.json_response({"code": 4000, "data": [problem], "message": "Errors validating"}, status=400)
        return web.json_response({"code": 100, "data": {"session_id": "s-1", "session_token": "jwt"}, "message": ""})


@pytest_asyncio.fixture
async def account(complete: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """Run the fake account, and point the settings to it."""
    account = Account()
    app = web.Application()
    app.router.add_get("/v1/users/credits", account.on_credits)
    app.router.add_get("/v1/avatars/{id}", account.on_avatar)
    app.router.add_post("/v1/sessions/token", account.on_token)
    async with TestServer(app) as server:
        complete.setenv("LIVEAVATAR_API_URL", str(server.make_url("")))
        yield account


async def findings() -> dict[str, Finding]:
    """Return the findings by the name of their check."""
    settings = load_settings()
    async with aiohttp.ClientSession() as http:
        service = LiveAvatarAPI(http, api_key="key", api_url=settings.avatar_service_url, attempts=1)
        checks = avatar_checks(settings, settings.avatar_id(), service)
        return {what: await find(what, check) for what, check in checks.items()}


async def test_good_findings_have_their_details(account: Account) -> None:
    """They name the balance, the avatar's name, and the longest session of the plan."""
    found = await findings()

    assert {what: finding.text for what, finding in found.items()} == {
        "LiveAvatar credits": "12.5 left, one a minute",
        "avatar": "Wayne (an-avatar)",
        "session": "can be made (this one was not started); 1200 s at most",
    }
    assert all(finding.good for finding in found.values())


async def test_the_session_is_made_as_in_a_call(account: Account) -> None:
    """It names our own room, with a token that has all grants, because the service checks them."""
    await findings()
    config = account.asked[-1]["livekit_config"]
    grants = jwt.decode(config["livekit_client_token"], options={"verify_signature": False})["video"]

    assert config["livekit_url"] == "wss://example.livekit.cloud"
    assert (grants["canPublishData"], grants["canSubscribe"]) == (True, True)


async def test_liveavatars_room_needs_no_livekit_key(account: Account, complete: pytest.MonkeyPatch) -> None:
    """The request names no room."""
    complete.setenv("ROOM_OWNER", "liveavatar")
    complete.delenv("LIVEKIT_API_SECRET")
    found = await findings()

    assert found["session"].good
    assert "livekit_config" not in account.asked[-1]


async def test_a_missing_livekit_key_is_named(account: Account, complete: pytest.MonkeyPatch) -> None:
    """Without it no token for the avatar can be made."""
    complete.delenv("LIVEKIT_API_SECRET")

    assert (await findings())["session"].text == "LIVEKIT_API_SECRET is missing"


async def test_a_plan_without_a_limit_is_reported(account: Account) -> None:
    """The service does not refuse a session of a day, so the limit stays unknown."""
    account.longest = 10**9

    assert (await findings())["session"].text.endswith("of any length")


async def test_a_quality_that_the_plan_lacks_is_reported(account: Account, complete: pytest.MonkeyPatch) -> None:
    """The finding is good, as calls use a lower quality."""
    complete.setenv("LIVEAVATAR_VIDEO_QUALITY", "very_high")
    found = (await findings())["session"]

    assert found.good
    assert found.text.endswith("LIVEAVATAR_VIDEO_QUALITY=very_high is refused, calls use high")


async def test_a_refused_session_is_reported_in_the_services_words(account: Account) -> None:
    """The finding adds what to do about it."""
    account.refusal = "Avatar is expired"
    found = (await findings())["session"]

    assert not found.good
    assert "Avatar is expired - choose another avatar: set LIVEAVATAR_AVATAR_ID" in found.text


@pytest.mark.parametrize(
    ("avatar", "text"),
    [
        ({"is_expired": True}, "is expired: choose another one"),
        ({"status": "DEPLOYING"}, "can't be used while its status is DEPLOYING"),
        ({"status": "FAILED"}, "can't be used while its status is FAILED"),
    ],
)
async def test_an_avatar_that_can_not_be_used_is_found(account: Account, avatar: dict[str, Any], text: str) -> None:
    """The doctor finds it before a call fails."""
    account.avatar |= avatar
    found = (await findings())["avatar"]

    assert not found.good
    assert text in found.text


async def test_a_service_that_says_little_about_an_avatar_is_believed(account: Account) -> None:
    """A missing field does not count against the avatar."""
    account.avatar = {"name": "Bare"}

    assert (await findings())["avatar"].good


async def test_an_avatar_of_your_own_is_not_in_the_sandbox(account: Account, complete: pytest.MonkeyPatch) -> None:
    """All sandbox sessions have the same avatar; the finding says which setting to leave out."""
    complete.setenv("LIVEAVATAR_SANDBOX", "true")
    refused = await findings()
    complete.delenv("LIVEAVATAR_AVATAR_ID")
    found = await findings()

    assert [SANDBOX_AVATAR_ID in refused[what].text for what in ("avatar", "session")] == [True, True]
    assert found["avatar"].good
    assert account.asked[-1]["avatar_id"] == SANDBOX_AVATAR_ID


@pytest.mark.parametrize("balance", ["0.40", 0.4])
async def test_an_account_without_a_minute_is_found(
    account: Account, complete: pytest.MonkeyPatch, balance: object
) -> None:
    """The balance may be text or a number; the sandbox needs none."""
    account.credits_left = balance
    needed = (await findings())["LiveAvatar credits"]
    complete.setenv("LIVEAVATAR_SANDBOX", "true")

    assert (needed.good, "0.4 left: buy some" in needed.text) == (False, True)
    assert (await findings())["LiveAvatar credits"].good


@pytest.mark.parametrize("name", ["LIVEAVATAR_API_KEY", "LIVEAVATAR_AVATAR_ID"])
async def test_a_missing_setting_is_named(account: Account, complete: pytest.MonkeyPatch, name: str) -> None:
    """The finding names the variable."""
    complete.delenv(name)

    assert f"{name} is missing" in {finding.text for finding in (await findings()).values()}
