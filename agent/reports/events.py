"""The events of webhooks: their names and their contents."""

import hashlib
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agent.reports.report import CallReport

EventName = Literal["call.started", "avatar.live", "avatar.lost", "budget.near", "call.ended"]


class EventData(BaseModel):
    """The fields of every event about its call."""

    model_config = ConfigDict(frozen=True)

    room: str
    job: str = Field(description="tells calls of one room apart")
    persona: str
    metadata: dict[str, JsonValue] = Field(description="from the call's configuration")


class CallStarted(EventData):
    """The agent's job has begun; a caller may not be there yet."""


class AvatarLive(EventData):
    """The avatar has joined the call, also when it comes back."""

    identity: str = Field(description="the avatar's identity in the room")
    session_id: str | None = Field(description="LiveAvatar's id of the session")


class AvatarLost(EventData):
    """The call has no avatar, not by the agent's decision; it goes on by voice."""

    reason: Literal["busy", "unavailable", "lost"]
    detail: str = Field(description="for operators")


class BudgetNear(EventData):
    """The minutes of the call are nearly used up."""

    seconds_left: float = Field(description="until the goodbye is said")


class CallEnded(EventData):
    """The call is over."""

    end_reason: str
    seconds: float
    report_address: str | None = Field(description="where the report is kept; null without REPORTS")
    report: CallReport | None = Field(description="the report itself; null with REPORTS")


EVENTS: dict[EventName, type[EventData]] = {
    "call.started": CallStarted,
    "avatar.live": AvatarLive,
    "avatar.lost": AvatarLost,
    "budget.near": BudgetNear,
    "call.ended": CallEnded,
}


class Message(BaseModel):
    """The body of a webhook, as the Standard Webhooks specification defines it."""

    type: EventName
    timestamp: datetime
    data: dict[str, object]


def body_of(name: EventName, data: EventData, now: float) -> bytes:
    """Write the body of an event that happened at `now`, Unix time."""
    message = Message(type=name, timestamp=datetime.fromtimestamp(now, UTC), data=data.model_dump(mode="json"))
    return message.model_dump_json().encode()


def event_id(job: str, name: EventName, number: int) -> str:
    """Return the id of an event; it stays the same when the event is sent again.

    Args:
        job: LiveKit's id of the call's job.
        name: The event's name.
        number: Counts the events of this name in the call, from 0.
    """
    return f"msg_{hashlib.sha256(f'{job} {name} {number}'.encode()).hexdigest()[:32]}"
