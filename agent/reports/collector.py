"""Collects the facts of one call, and makes its report from them. Pure: every instant is Unix time in seconds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import JsonValue

from agent.control.waterfall import Turn
from agent.reports.cues import Caption, Captions, cues
from agent.reports.prices import Prices
from agent.reports.redaction import redacted
from agent.reports.report import (
    CallReport,
    Cue,
    Interruption,
    Line,
    Recording,
    SessionRecord,
    SinkInterval,
    SinkName,
    ToolCall,
    TranscriptMode,
    TurnLatency,
    Usage,
)

# How the transcript shows a text.
_SHOWN: dict[TranscriptMode, Callable[[str], str | None]] = {
    "full": lambda text: text,
    "redacted": redacted,
    "none": lambda _: None,
}


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """The identity of a call.

    Attributes:
        room: Name of the room.
        job: LiveKit's id of the job.
        persona: Name of the first persona.
        metadata: From the call's configuration, returned unchanged.
    """

    room: str
    job: str
    persona: str
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(slots=True)
class _Speech:
    speaker: str
    start: float
    end: float
    text: str
    position: float = 0.0
    interrupted: bool = False


@dataclass(slots=True)
class _Tool:
    name: str
    at: float
    arguments: str
    ended_at: float | None = None
    status: str = "running"
    result: str | None = None


@dataclass(slots=True)
class _Session:
    id: str
    start: float
    end: float | None = None
    reason: str = ""


class Collector:
    """The facts of one call so far.

    Args:
        identity: Identity of the call.
        now: When the call began.
        mode: How much of the transcript the report holds.
        shows_tools: Whether the report holds the arguments and the results of tools.
    """

    def __init__(
        self, identity: CallIdentity, now: float, *, mode: TranscriptMode = "full", shows_tools: bool = False
    ) -> None:
        self._identity = identity
        self._started_at = now
        self._mode = mode
        self._shows_tools = shows_tools
        self._speaking_since: float | None = None
        self._speeches: list[_Speech] = []
        self._captions: list[Caption] = []
        self._turns: dict[int, Turn] = {}
        self._tools: dict[str, _Tool] = {}
        self._sinks: list[tuple[SinkName, float]] = []
        self._sessions: dict[int, _Session] = {}
        self._notes: list[str] = []
        self.recording: Recording | None = None

    # Speech

    def playback_started(self, at: float) -> None:
        """Note that a speech of the agent became audible."""
        self._speaking_since = at

    def playback_finished(self, now: float, *, name: str, text: str, position: float, interrupted: bool) -> None:
        """Note that a speech of the agent is over.

        Args:
            now: When it ended.
            name: The persona's name.
            text: The part that was heard.
            position: Seconds that were played.
            interrupted: Whether it was interrupted there.
        """
        start, self._speaking_since = self._speaking_since, None
        speech = _Speech(name, now - position if start is None else start, now, text.strip(), position, interrupted)
        self._speeches.append(speech)

    def caption_shown(self, at: float, text: str) -> None:
        """Note that words of the agent were heard."""
        self._captions.append(Caption(at, text))

    def caller_said(self, text: str, start: float, end: float) -> None:
        """Note that a caller's turn is complete."""
        self._speeches.append(_Speech("", start, end, text.strip()))

    def turn(self, turn: Turn) -> None:
        """Note the stages that a turn has reached."""
        self._turns[turn.number] = turn

    # Tools

    def tool_started(self, call_id: str, name: str, arguments: str, now: float) -> None:
        """Note that a tool runs."""
        self._tools[call_id] = _Tool(name, now, arguments)

    def tool_ended(self, call_id: str, status: str, result: str | None, now: float) -> None:
        """Note that a tool has ended, with the status `done`, `error` or `cancelled`."""
        if (tool := self._tools.get(call_id)) is not None:
            tool.ended_at, tool.status, tool.result = now, status, result

    # The avatar

    def sink(self, name: SinkName, now: float) -> None:
        """Note the sink that plays speech from now on."""
        if not self._sinks or self._sinks[-1][0] != name:
            self._sinks.append((name, now))

    def session_started(self, session: int, session_id: str, now: float) -> None:
        """Note that the service runs a session."""
        self._sessions[session] = _Session(session_id, now)

    def session_left(self, session: int, reason: str) -> None:
        """Note that a session is no longer used."""
        if (known := self._sessions.get(session)) is not None:
            known.reason = reason

    def session_stopped(self, session: int, now: float) -> None:
        """Note that the service has confirmed the stop of a session."""
        if (known := self._sessions.get(session)) is not None:
            known.end = now

    def note(self, text: str) -> None:
        """Note a problem that did not end the call."""
        if text not in self._notes:
            self._notes.append(text)

    # The report

    def report(
        self, now: float, end_reason: str, usage: Iterable[Usage] = (), prices: Prices | None = None
    ) -> CallReport:
        """Make the report of the call until now."""
        used = tuple(usage)
        return CallReport(
            room=self._identity.room,
            job=self._identity.job,
            persona=self._identity.persona,
            metadata=dict(self._identity.metadata),
            started_at=datetime.fromtimestamp(self._started_at, UTC),
            ended_at=datetime.fromtimestamp(now, UTC),
            seconds=self._since(now),
            end_reason=end_reason,
            transcript=self._transcript(),
            transcript_mode=self._mode,
            turns=tuple(TurnLatency(turn=each.number, by=each.by, stages=each.stages) for each in self._turns.values()),
            interruptions=tuple(
                Interruption(at=self._since(each.end), position=each.position)
                for each in self._speeches
                if each.interrupted
            ),
            tools=tuple(map(self._tool, self._tools.values())),
            sinks=self._intervals(now),
            sessions=tuple(
                SessionRecord(
                    id=each.id,
                    start=self._since(each.start),
                    end=None if each.end is None else self._since(each.end),
                    reason=each.reason,
                )
                for each in self._sessions.values()
            ),
            usage=used,
            cost=(prices or Prices()).sum(used),
            recording=self.recording,
            notes=tuple(self._notes),
        )

    def _since(self, at: float) -> float:
        return max(0.0, at - self._started_at)

    def _transcript(self) -> tuple[Line, ...]:
        captions = Captions(self._captions)
        lines = [self._line(each, captions) for each in self._speeches if each.text]
        return tuple(sorted(lines, key=lambda line: line.start))

    def _line(self, speech: _Speech, captions: Captions) -> Line:
        is_agent = bool(speech.speaker)
        shown = _SHOWN[self._mode](speech.text)
        times = captions.times(speech.text) if is_agent else None
        found = (
            []
            if shown is None
            else [
                Cue(at=self._since(at), text=shown[begin:end].strip())
                for at, begin, end in cues(speech.text, times, speech.start)
            ]
        )
        return Line(
            speaker="agent" if is_agent else "caller",
            name=speech.speaker,
            start=self._since(speech.start),
            end=self._since(speech.end),
            text=shown,
            cues=tuple(found),
            interrupted=speech.interrupted,
            position=speech.position if is_agent else None,
        )

    def _tool(self, tool: _Tool) -> ToolCall:
        return ToolCall.model_validate(
            {
                "name": tool.name,
                "at": self._since(tool.at),
                "seconds": None if tool.ended_at is None else tool.ended_at - tool.at,
                "outcome": tool.status,
                "arguments": tool.arguments if self._shows_tools else None,
                "result": tool.result if self._shows_tools else None,
            }
        )

    def _intervals(self, now: float) -> tuple[SinkInterval, ...]:
        ends = [*(at for _, at in self._sinks[1:]), now]
        return tuple(
            SinkInterval(sink=sink, start=self._since(at), end=self._since(end))
            for (sink, at), end in zip(self._sinks, ends, strict=False)
        )
