"""The state of a call for a backend, read from its room, its participants and the agent's attributes."""

from collections.abc import Sequence
from typing import Literal

from livekit import api
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF
from pydantic import BaseModel, ConfigDict, Field

# Attribute of an agent that takes requests; docs/control.md lists all attributes.
_CONTROL = "control"

_KINDS = api.ParticipantInfo.Kind


class Person(BaseModel):
    """A participant of the room."""

    model_config = ConfigDict(frozen=True)

    identity: str
    name: str
    kind: Literal["caller", "phone", "agent", "avatar", "other"]


class CallState(BaseModel):
    """The state of a call."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="the room's name")
    state: Literal["waiting", "starting", "running", "ending"] = Field(
        description="no agent is there; it takes no requests yet; it does; the call's end is announced"
    )
    persona: str | None = Field(description="the current persona; null while no agent has set it")
    avatar: str | None = Field(description="`starting`, `live`, or `voice only: ` and a sentence for the caller")
    agent_state: str | None = Field(description="`initializing`, `idle`, `listening`, `thinking` or `speaking`")
    ends_at: str | None = Field(description="ISO 8601, when the end of the call is announced")
    participants: list[Person]


def agent_in(participants: Sequence[api.ParticipantInfo]) -> api.ParticipantInfo | None:
    """Return the agent, preferably one that takes requests; None if there is none."""
    agents = [each for each in participants if _kind(each) == "agent"]
    return next((each for each in agents if takes_requests(each)), next(iter(agents), None))


def takes_requests(agent: api.ParticipantInfo) -> bool:
    """Return whether an agent already takes requests."""
    return _CONTROL in agent.attributes


def state_of(call: str, participants: Sequence[api.ParticipantInfo]) -> CallState:
    """Describe a call by the participants of its room."""
    agent = agent_in(participants)
    told = {} if agent is None else dict(agent.attributes)
    return CallState(
        id=call,
        state=_state(agent),
        persona=told.get("persona"),
        avatar=told.get("avatar"),
        agent_state=told.get("lk.agent.state"),
        ends_at=told.get("ends_at"),
        participants=[Person(identity=each.identity, name=each.name, kind=_kind(each)) for each in participants],
    )


def _state(agent: api.ParticipantInfo | None) -> Literal["waiting", "starting", "running", "ending"]:
    if agent is None:
        return "waiting"
    if not takes_requests(agent):
        return "starting"
    return "ending" if "ends_at" in agent.attributes else "running"


def _kind(participant: api.ParticipantInfo) -> Literal["caller", "phone", "agent", "avatar", "other"]:
    if ATTRIBUTE_PUBLISH_ON_BEHALF in participant.attributes:
        return "avatar"
    match participant.kind:
        case _KINDS.AGENT:
            return "agent"
        case _KINDS.STANDARD:
            return "caller"
        case _KINDS.SIP:
            return "phone"
        case _:
            return "other"
