"""The report of a call: its transcript, its times, its usage and costs, and its end."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from agent.control.waterfall import By, Stage

VERSION: Literal[1] = 1

Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, 3))]

# How much of the transcript a report holds.
TranscriptMode = Literal["full", "redacted", "none"]

# The sink that plays speech; `silent` while there is none.
SinkName = Literal["avatar", "fallback", "silent"]


class Part(BaseModel):
    """Base of the report and its parts."""

    model_config = ConfigDict(frozen=True)


class Cue(Part):
    """A sentence of a line, for subtitles."""

    at: Seconds = Field(description="when its first word was heard")
    text: str


class Line(Part):
    """The heard part of one speech of the agent, or one turn of a caller."""

    speaker: Literal["agent", "caller"]
    name: str = Field(description="the persona's name; empty for a caller")
    start: Seconds = Field(description="when it was first heard")
    end: Seconds = Field(description="when it was last heard")
    text: str | None = Field(description="the words that were heard; null with REPORT_TRANSCRIPT=none")
    cues: tuple[Cue, ...] = Field(description="its sentences")
    interrupted: bool = Field(description="whether it was interrupted there")
    position: Seconds | None = Field(description="seconds of the agent's speech that were played; null for a caller")


class Interruption(Part):
    """An interruption of the agent's speech."""

    at: Seconds = Field(description="when playback ended")
    position: Seconds = Field(description="seconds of the speech that had been played; 0 if none of it was heard")


class TurnLatency(Part):
    """The duration of the stages of one turn."""

    turn: int = Field(description="its number, from 1")
    by: By
    stages: dict[Stage, Seconds] = Field(description="seconds from the end of the request to each stage")


class ToolCall(Part):
    """A tool that the language model called."""

    name: str
    at: Seconds
    seconds: Seconds | None = Field(description="how long it ran; null if the call ended before it did")
    outcome: Literal["done", "error", "cancelled", "running"]
    arguments: str | None = Field(description="JSON; null unless REPORT_TOOLS=full")
    result: str | None = Field(description="null unless REPORT_TOOLS=full, or if there was none")


class SinkInterval(Part):
    """A part of the call in which one sink played the agent's speech."""

    sink: SinkName
    start: Seconds
    end: Seconds


class SessionRecord(Part):
    """A session of LiveAvatar."""

    id: str = Field(description="LiveAvatar's id of the session")
    start: Seconds
    end: Seconds | None = Field(description="when its stop was confirmed; null if it was not")
    reason: str = Field(description="why it was left; empty while it was in use")


class Usage(Part):
    """The use of one vendor's model, and its cost."""

    kind: Literal["stt", "llm", "tts", "avatar"]
    vendor: str
    model: str
    amounts: dict[str, float] = Field(description="by unit: seconds, input_tokens, cached_tokens, ...")
    cost: float | None = Field(description="null if there is no price for it; 0 for a stand-in and the sandbox")


class Cost(Part):
    """The sum of the known costs."""

    currency: str
    total: float
    unpriced: tuple[str, ...] = Field(description="vendor and model of each use without a price: `total` lacks it")


class Recording(Part):
    """The recording of the room by LiveKit's egress."""

    egress_id: str
    location: str


class CallReport(Part):
    """The report of one call. All times are seconds since `started_at`, on the clock of the agent's machine."""

    version: Literal[1] = VERSION
    room: str
    job: str = Field(description="LiveKit's id of the job; unique, also when a room has several calls")
    persona: str = Field(description="name of the first persona")
    metadata: dict[str, JsonValue] = Field(description="from the call's configuration, returned unchanged")
    started_at: datetime
    ended_at: datetime
    seconds: Seconds
    end_reason: str
    transcript: tuple[Line, ...]
    transcript_mode: TranscriptMode
    turns: tuple[TurnLatency, ...]
    interruptions: tuple[Interruption, ...]
    tools: tuple[ToolCall, ...]
    sinks: tuple[SinkInterval, ...]
    sessions: tuple[SessionRecord, ...]
    usage: tuple[Usage, ...]
    cost: Cost
    recording: Recording | None
    notes: tuple[str, ...] = Field(description="problems that did not end the call")


PARTS: tuple[type[Part], ...] = (
    CallReport,
    Line,
    Cue,
    TurnLatency,
    Interruption,
    ToolCall,
    SinkInterval,
    SessionRecord,
    Usage,
    Cost,
    Recording,
)


def file_name(report: CallReport) -> str:
    """Return the path of a report's files below REPORTS, without their ending."""
    safe = "".join(each if each.isalnum() or each in "-_." else "_" for each in f"{report.room}-{report.job}")
    return f"{report.started_at:%Y-%m-%d}/{safe}"
