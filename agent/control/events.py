"""The events of the control protocol: data packets of one topic, one JSON object each."""

import json
import time
from collections.abc import Callable
from typing import Annotated, Literal

from livekit import rtc
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.control.outbox import Outbox
from agent.control.waterfall import By, Stage
from agent.tools.cards import Card

TOPIC = "avatar.events"
VERSION = 1

# The most events that wait to be sent; beyond it the oldest is dropped, and its `seq` is missing.
MOST_WAITING = 256

# Characters of a text in an event. In JSON one takes up to six bytes, and LiveKit carries 15 KiB.
LONGEST_TEXT = 2_400


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


CutText = Annotated[str, AfterValidator(_cut), Field(description=f"cut to {LONGEST_TEXT:,} characters")]
Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, 3))]


class Event(BaseModel):
    """Base of all events; `v`, `seq` and `at` are added when it is sent."""

    model_config = ConfigDict(frozen=True)


class TurnEvent(Event):
    """A turn has begun, or has reached a stage. Sent again with every stage that is reached."""

    type: Literal["turn"] = "turn"
    turn: int = Field(description="its number, from 1")
    by: By
    stages: dict[Stage, Seconds] = Field(
        description="seconds after the end of the caller's speech; in turns by other means, after the request"
    )


class SaidEvent(Event):
    """An answer is over."""

    type: Literal["said"] = "said"
    text: CutText = Field(description="what was heard of it")
    interrupted: bool


class SentenceEvent(Event):
    """A sentence of `repeat` is being heard, or is over."""

    type: Literal["sentence"] = "sentence"
    text: CutText
    state: Literal["started", "finished", "interrupted", "failed"]
    played: Seconds = Field(description="seconds of the sentence that were heard; 0 when it has just started")


class UsageEvent(Event):
    """What the call has used; sent every five seconds, and at its end."""

    type: Literal["usage"] = "usage"
    call_seconds: Seconds
    avatar_seconds: Seconds
    avatar_sessions: int
    credits_about: float = Field(description="of this call; the service's own count may differ")
    credits_left: float | None = Field(description="of the account; null when that is not known")


class FailureEvent(Event):
    """Something failed. The agent says so too, if it can."""

    type: Literal["error"] = "error"
    source: Literal["hearing", "thinking", "speaking", "avatar"]
    message: str = Field(description="a sentence for the caller")


class CardEvent(Event):
    """A tool shows a card, in addition to what the agent says."""

    type: Literal["card"] = "card"
    tool: str = Field(description="its name")
    card: Card = Field(description="an object, below")


EVENTS: tuple[type[Event], ...] = (TurnEvent, SaidEvent, SentenceEvent, UsageEvent, FailureEvent, CardEvent)


class Events:
    """Publishes events in order, without delaying the call.

    Args:
        room: The agent's room.
        now: Returns Unix time.
    """

    def __init__(self, room: rtc.Room, now: Callable[[], float] = time.time) -> None:
        self._room = room
        self._now = now
        self._count = 0
        self._outbox: Outbox[bytes] = Outbox(self._send, most=MOST_WAITING)

    def start(self) -> None:
        """Begin, in a connected room."""
        self._outbox.start()

    def tell(self, event: Event) -> None:
        """Publish an event, soon."""
        self._count += 1
        head = {"v": VERSION, "seq": self._count, "at": round(self._now() * 1000)}
        packet = json.dumps(head | event.model_dump(), separators=(",", ":"), ensure_ascii=False)
        self._outbox.put(packet.encode("utf-8", "replace"))

    async def aclose(self) -> None:
        """Publish what is left, for two seconds at most, and stop."""
        await self._outbox.aclose()

    async def _send(self, packet: bytes) -> None:
        await self._room.local_participant.publish_data(packet, reliable=True, topic=TOPIC)
