"""Whole calls on a real LiveKit server: the worker as users run it, and a caller who speaks and listens."""

import asyncio
from itertools import groupby
from pathlib import Path

import pytest
from livekit import rtc

from agent.control.voice_only import UNAVAILABLE
from demo.call.call import call
from demo.call.changes import Changes
from tests.e2e.stage import SHORT_CALL, Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_a_call_is_understood_answered_interrupted_and_ended(stage: Stage, tmp_path: Path) -> None:
    """Words arrive as text, a tool is called, answers are heard, a barge-in silences, and nothing is left running."""
    async with stage.worker():
        ticket = await stage.ticket("a-call")
        made = await call(
            ticket.url,
            ticket.token,
            stand_ins_url=stage.stand_ins,
            directory=tmp_path,
            script=SHORT_CALL,
        )
        session = await stage.ended_session()

    assert [outcome.problems for outcome in made.outcomes] == [[], [], []]
    assert "time" in made.outcomes[0].heard.split()
    assert (tmp_path / "call.mp4").stat().st_size > 0
    assert session["end_reason"] == "USER_CLOSED"
    assert session["dropped_commands"] == 0
    # A barge-in pauses the story at once; the story resumes and pauses again while the words are recognised.
    interrupted = [utterance["interrupted"] for utterance in session["utterances"]]
    assert [value for value, _ in groupby(interrupted)] == [False, True, False]


async def test_the_agents_attributes_name_the_stand_ins(stage: Stage) -> None:
    """Participant attributes name the stand-ins and say that the avatar is live."""
    async with stage.worker():
        attributes = await _agent_attributes(stage, "stand-ins", until="live")

    assert attributes["stand_ins"] == "deepgram,openai,elevenlabs,liveavatar"


@pytest.mark.ours(reason="without a session there is no room of LiveAvatar's")
async def test_without_an_avatar_the_call_continues_by_voice(stage: Stage) -> None:
    """With a refused key the caller hears the agent's own voice; only the log says what to do."""
    wrong = {"LIVEAVATAR_API_KEY": "wrong", "LIVEAVATAR_API_URL": f"{stage.stand_ins}/liveavatar"}
    async with stage.worker({**wrong, "LIVEAVATAR_AVATAR_ID": "any"}) as worker:
        attributes = await _agent_attributes(stage, "voice-only", until="voice only")
        lines = worker.tail(100)

    assert attributes["avatar"] == f"voice only: {UNAVAILABLE}"
    told = [line for line in lines if "there is no avatar, the call goes on by voice" in line]
    assert [line for line in told if "LIVEAVATAR_API_KEY" in line]
    assert not [line for line in lines if "Traceback" in line]


async def _agent_attributes(stage: Stage, name: str, *, until: str) -> dict[str, str]:
    """Join a room, and wait until the agent there has published an audio track with the expected avatar attribute."""
    room = rtc.Room()
    changes = Changes()
    for event in ("participant_attributes_changed", "participant_connected", "track_subscribed"):
        room.on(event, lambda *_: changes.notify())
    ticket = await stage.ticket(name)
    await room.connect(ticket.url, ticket.token)
    try:
        async with asyncio.timeout(60):
            return await changes.until(lambda: _attributes(room, until))
    finally:
        await room.disconnect()


def _attributes(room: rtc.Room, until: str) -> dict[str, str] | None:
    people = list(room.remote_participants.values())
    voices = [track for person in people for track in person.track_publications.values() if track.track is not None]
    agent = next((person for person in people if person.attributes.get("avatar", "").startswith(until)), None)
    return dict(agent.attributes) if agent and voices else None
