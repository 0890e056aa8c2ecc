"""An invitation into the demo's room: a token, and a link to LiveKit Meet with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import aiohttp

from agent.rooms.own import caller_token
from agent.web.serve import page_url
from avatar.http import client_session
from demo.errors import DemoError

if TYPE_CHECKING:
    from agent.settings import Settings

MEET: Final = "https://meet.livekit.io"
ADMISSION_TIMEOUT: Final = aiohttp.ClientTimeout(total=30.0)


@dataclass(frozen=True, slots=True)
class Invitation:
    """The connection details that let one person into one room.

    Attributes:
        url: LiveKit's URL.
        token: A token for six hours, LiveKit's default.
    """

    url: str
    token: str = field(repr=False)

    @property
    def link(self) -> str:
        """Link to LiveKit Meet with URL and token filled in."""
        return f"{MEET}/custom?{urlencode({'liveKitUrl': self.url, 'token': self.token})}"

    @property
    def form(self) -> str:
        """Link to LiveKit Meet's page for entering URL and token."""
        return f"{MEET}/?tab=custom"


def invite(settings: Settings, room: str, identity: str) -> Invitation:
    """Create an invitation into a room.

    Args:
        settings: With all of LiveKit's settings.
        room: The room's name; it is created when the first participant joins, and then the agent comes.
        identity: The participant's identity.
    """
    return Invitation(settings.callers_url, caller_token(settings, room, identity))


async def ask_in(settings: Settings) -> Invitation:
    """Ask the worker's own server for an invitation, as the page does.

    Raises:
        DemoError: It refused; the text has its reason.
    """
    url = f"{page_url(settings.web_host, settings.web_port or 0)}/api/call"
    headers = {"Authorization": f"Bearer {settings.secret}"}
    async with client_session(timeout=ADMISSION_TIMEOUT) as http, http.post(url, headers=headers) as answer:
        told = await answer.json()
    if not answer.ok:
        raise DemoError(told["error"])
    return Invitation(told["url"], told["token"])
