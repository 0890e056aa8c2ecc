"""A call without a free avatar slot: it waits with a spoken line, or goes on by voice, until one is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.call.budget import Reason
from agent.control.voice_only import SENTENCES
from avatar.sessions.journal import SessionJournal
from tests.agent.call.call_fakes import CLIENT, OPENING, VOICE, WEB_ROOM, staged
from tests.agent.speech.speech_fakes import Line
from tests.avatar.fakes import LiteService

if TYPE_CHECKING:
    from pathlib import Path

WAITING = "Every seat in front of the camera is taken right now. One moment, please: I will be with you shortly."


@pytest.mark.parametrize(("no_slot", "first"), [("wait", WAITING), ("voice", OPENING)])
async def test_the_avatar_comes_when_a_slot_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_slot: str, first: str
) -> None:
    """Until then no session is started, and the caller reads why there is no avatar."""
    monkeypatch.setitem(VOICE, WAITING, Line(0.3, 6))
    service, journal = LiteService(), SessionJournal(tmp_path)
    async with staged(monkeypatch, service=service, journal=journal, avatar_slots=1, no_slot=no_slot) as stage:
        url = stage.call._settings.avatar_service_url
        journal.add("s-other", api_url=url, room="call-of-another")
        journal.mark_started("s-other")
        await stage.call.start()
        stage.room.come(CLIENT, microphone=True)
        await stage.has_said(first)
        await stage.shows(f"voice only: {SENTENCES[Reason.NO_SLOT]}")
        bought = len(service.called("start"))
        journal.mark_stopped("s-other")
        await stage.shows("live")
        rooms = {entry.room for entry in journal.entries()}
        said = [message.text_content for message in stage.said]

    assert bought == 0
    assert rooms == {WEB_ROOM}
    assert said[0] == first
    journal.disown()
