"""A front end on the control protocol, in one real call from its first event to `end_call`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from livekit import rtc
from livekit.agents.voice.remote_session import RemoteSession

from demo.call.changes import Changes
from demo.call.turns import UNDERSTOOD, part_in
from docs.examples.control import Agent
from tests.e2e.conversation import HAPPENS, SILENT_PERSONA
from tests.e2e.page import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.page import Page
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

NAME = "control"
QUESTION = "what time is it in london"

# Seconds; an agent that answers does so in a few milliseconds.
NOBODY_ANSWERS = 2.0

Found = TypeVar("Found")


class FrontEnd(Agent):
    """A front end without a page: calls the agent's methods, and keeps its events."""

    def __init__(self, room: rtc.Room) -> None:
        super().__init__(room, self._keep)
        self.events: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._changes = Changes()
        self._reading: set[asyncio.Task[None]] = set()
        room.on("participant_attributes_changed", lambda *_: self._changes.notify())
        room.register_text_stream_handler("lk.chat", self._on_chat)

    @property
    def attributes(self) -> dict[str, str]:
        """The agent's attributes."""
        return {} if self.participant is None else self.participant.attributes

    async def refusal(self, method: str, **payload: object) -> int:
        """Return the error code with which a method refuses."""
        with pytest.raises(rtc.RpcError) as refused:
            await self.call(method, **payload)
        return refused.value.code

    async def attribute(self, name: str, value: str) -> None:
        """Wait until the agent has an attribute with this value."""
        await self._until(lambda: self.attributes.get(name) == value or None)

    async def event(self, kind: str, *, after: int = 0, **fields: object) -> dict[str, Any]:
        """Wait for an event with these fields, after the event of this number."""
        return await self._first(
            lambda each: each["type"] == kind and each["seq"] > after and fields.items() <= each.items()
        )

    async def turn(self, by: str) -> dict[str, Any]:
        """Wait until a turn is heard."""
        return await self._first(lambda each: each.get("by") == by and "speaking" in each["stages"])

    async def line(self, start: str) -> str:
        """Wait for a line in the chat."""
        return await self._until(lambda: next((line for line in self.lines if line.startswith(start)), None))

    async def _first(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return await self._until(lambda: next(filter(fits, self.events), None))

    async def _until(self, condition: Callable[[], Found | None]) -> Found:
        async with asyncio.timeout(HAPPENS):
            return await self._changes.until(condition)

    def _keep(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        self._changes.notify()

    def _on_chat(self, reader: rtc.TextStreamReader, _: str) -> None:
        task = asyncio.create_task(self._read(reader))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        self.lines.append(await reader.read_all())
        self._changes.notify()


async def test_a_front_end_carries_a_call_from_its_first_word_to_its_end(stage: Stage, tmp_path: Path) -> None:
    """Text, speech, buttons and chat do what docs/control.md says, and each has its events."""
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    async with stage.worker({"PERSONA": str(persona), "CHAT_TRANSCRIPT": "true"}) as worker:
        async with page(stage, NAME) as caller:
            front = FrontEnd(caller.room)
            await front.attribute("avatar", "live")
            await talks(front)
            await holds_a_button(front, caller)
            await is_refused(front, stage)
            await writes(front, caller)
            await changes_persona(front)
            assert await front.call("end_call") == {}
            session = await stage.ended_session()
        await worker.wait_until(lambda: worker.has_logged("call ended"), HAPPENS)
        lines = worker.tail(200)

    assert session["end_reason"] == "USER_CLOSED"
    assert not [line for line in lines if "Traceback" in line]
    assert [event["seq"] for event in front.events] == list(range(front.events[0]["seq"], front.events[-1]["seq"] + 1))


async def talks(front: FrontEnd) -> None:
    """Talk, interrupt and repeat."""
    assert (await front.join()).name == "Nova (agent)"
    told = {name: front.attributes[name] for name in ("control", "input", "persona", "personas")}
    assert told == {"control": "1", "input": "open", "persona": "silent", "personas": "nova,poet,silent"}
    assert front.attributes["avatar_identity"] in front._room.remote_participants
    await front.call("talk", text="tell me a story")
    turn = await front.turn("text")
    assert list(turn["stages"]) == ["first_token", "first_audio", "sent", "speaking"]
    assert list(turn["stages"].values()) == sorted(turn["stages"].values())
    await front.call("interrupt")
    assert (await front.event("said"))["interrupted"]
    repeat = await front.call("repeat", text="I will say this, word for word. And then this as well.")
    assert repeat["sentences"] == 2
    last = await front.event("sentence", text="And then this as well.", state="finished")
    assert last["played"] > 0
    told = await front.call("get_repeat", id=repeat["id"], wait=5)
    assert (told["state"], told["played_ms"]) == ("finished", told["duration_ms"])
    assert (await front.event("usage"))["credits_left"] is None


async def holds_a_button(front: FrontEnd, caller: Page) -> None:
    """Check that with push-to-talk only the release ends a turn, and without the button no speech is heard."""
    assert await front.refusal("push_to_talk_end") == 409
    await front.call("push_to_talk_start")
    await front.attribute("input", "push_to_talk")
    await caller.say(QUESTION)
    assert not [event for event in front.events if event.get("by") == "speech"]
    await front.call("push_to_talk_end")
    turn = await front.turn("speech")
    assert list(turn["stages"])[:2] == ["transcript", "first_token"]
    await caller.say("stop please")
    assert not (await front.event("said", after=turn["seq"]))["interrupted"]
    await front.call("push_to_talk_start")
    await front.call("push_to_talk_end")


async def is_refused(front: FrontEnd, stage: Stage) -> None:
    """Check that impossible requests and requests of others than the caller are refused with a reason."""
    assert await front.refusal("talk", txt="hello") == 400
    assert await front.refusal("repeat", text="a" * 2_001) == 413
    assert await front.refusal("set_persona", persona="nobody") == 404
    room = rtc.Room()
    await room.connect(stage.livekit.url, stage.token(front._room.name, "stranger"))
    assert await FrontEnd(room).refusal("end_call") == 403
    await is_not_driven(room, front)
    await room.disconnect()
    await front.call("set_input", mode="open")
    await front.attribute("input", "open")


async def is_not_driven(room: rtc.Room, front: FrontEnd) -> None:
    """Check that the framework's own remote control of a session, which checks no identity, is closed."""
    assert front.participant is not None
    session = RemoteSession.from_room(room, front.participant.identity)
    await session.start()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.get_agent_info(), NOBODY_ANSWERS)
    await session.aclose()


async def writes(front: FrontEnd, caller: Page) -> None:
    """Check that commands in the chat are carried out, and that unknown text is explained."""
    await caller.write("/dance")
    assert "/say" in await front.line("Write something")
    await caller.write("/say The chat is heard too.")
    await front.event("sentence", text="The chat is heard too.", state="finished")
    await front.line("Nova: The chat is heard too.")
    # What was spoken, as it was understood; written lines are not repeated.
    assert part_in(await front.line("You: "), of=QUESTION) >= UNDERSTOOD


async def changes_persona(front: FrontEnd) -> None:
    """Change the persona: the new one has its own name, and says its opening line."""
    assert await front.call("set_persona", persona="poet") == {"persona": "poet", "name": "Mira"}
    await front.attribute("persona", "poet")
    await front.turn("opening")
    assert {event["turn"] for event in front.events if event.get("by") == "speech"} == {3}
