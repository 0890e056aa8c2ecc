"""Listens to a call, and writes its events and its report to the outbox."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, JobContext
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.events import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent
from livekit.agents.voice.io import PlaybackFinishedEvent, PlaybackStartedEvent

from agent.call_config.given import Given
from agent.control.usage import Usage
from agent.control.waterfall import Turn
from agent.reports.check import outbox_of
from agent.reports.collector import CallIdentity, Collector
from agent.reports.egress import RoomRecording
from agent.reports.ending import ended, event_item
from agent.reports.events import AvatarLive, AvatarLost, BudgetNear, CallStarted, EventData, EventName
from agent.reports.outbox import Item, OpenCall
from agent.reports.prices import DEFAULT_PRICES, Prices, load_prices
from agent.reports.report import CallReport, Recording, SinkName, file_name
from agent.reports.store import whole_address
from agent.reports.usage import usage_of
from agent.reports.webhook import webhook_problem
from agent.reports.writer import OutboxWriter
from agent.settings import Settings, SettingsError
from agent.settings.aws import bucket_access
from avatar import AvatarReason, AvatarSession, AvatarStatus
from avatar.core import Event, SessionLeft, SessionStarted, SessionStopped, Sink

logger = logging.getLogger("agent")

_SINKS: dict[Sink | None, SinkName] = {Sink.AVATAR: "avatar", Sink.FALLBACK: "fallback", None: "silent"}

# The reasons for which an avatar is lost; with any other reason the agent decided it.
_LOSSES: dict[AvatarReason | None, str] = {
    AvatarReason.BUSY: "busy",
    AvatarReason.UNAVAILABLE: "unavailable",
    AvatarReason.LOST: "lost",
}

# The end reason in a draft, which is replaced when the call ends.
_RUNNING = "the call goes on"


class ReportRecorder:
    """The report, the webhooks and the recording of one call. No failure here ends the call.

    Args:
        ctx: The job.
        settings: Complete settings.
        session: The agent session, not started yet.
        usage: The call's usage.
        persona: Returns the name of the current persona.
        given: The call's configuration: its webhook instead of WEBHOOK_URL, its metadata, and its problems.
        now: Returns Unix time.
    """

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        session: AgentSession[Any],
        usage: Usage,
        *,
        persona: Callable[[], str],
        given: Given,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._session = session
        self._usage = usage
        self._persona = persona
        self._now = now
        self._identity = CallIdentity(ctx.job.room.name, ctx.job.id, persona(), given.config.metadata or {})
        self._collector = Collector(
            self._identity, now(), mode=settings.report_transcript, shows_tools=settings.report_tools == "full"
        )
        self._prices = self._load_prices()
        self._store = "" if ctx.is_fake_job() else whole_address(settings.reports)
        self._webhook = (
            "" if ctx.is_fake_job() else self._allowed(str(given.config.webhook or "")) or settings.webhook_url
        )
        for problem in given.problems:
            self._collector.note(problem)
        self._writer = OutboxWriter(
            outbox_of(settings), self._identity.job, lambda: self._report(_RUNNING).model_dump_json()
        )
        self._told: Counter[EventName] = Counter()
        self._avatar: AvatarSession | None = None
        self._has_avatar: bool | None = None
        self._recording: RoomRecording | None = None

    # Called by the call

    def begin(self) -> None:
        """Listen to the session; call it when the job has started."""
        session, collector = self._session, self._collector
        session.on("conversation_item_added", self._on_item_added)
        session.on("tool_execution_updated", self._on_tool)
        collector.sink("fallback", self._now())
        if self._webhook or self._store:
            draft = self._report(_RUNNING).model_dump_json()
            call = OpenCall(self._identity.job, self._webhook, self._store, draft)
            started = CallStarted(**self._told_of_call())
            self._writer.open(call, [self._event("call.started", started)] if self._webhook else [])

    def watch(self, avatar: AvatarSession | None) -> None:
        """Listen to the avatar too; None if there is none."""
        self._avatar = avatar
        if avatar is None:
            self._lose("unavailable", "there was no avatar to begin with; the worker's log says why")
            return
        avatar.on("core_event", self._on_avatar)
        avatar.on("status_changed", self._on_status)
        self._look_at_sink()

    def listen(self) -> None:
        """Listen to the playback; call it when the session has started."""
        if self._session.output.audio is not None:
            self._session.output.audio.on("playback_started", self._on_playback_started)
            self._session.output.audio.on("playback_finished", self._on_playback_finished)

    def heard(self, text: str) -> None:
        """Record words of the agent that have just been heard."""
        self._collector.caption_shown(self._now(), text)

    def turn(self, turn: Turn) -> None:
        """Record the stages that a turn has reached."""
        self._collector.turn(turn)

    def note(self, problem: str) -> None:
        """Record a problem that does not end the call."""
        self._collector.note(problem)

    def budget_near(self, seconds: float) -> None:
        """Emit the event that the call's minutes are nearly used up."""
        self._tell("budget.near", BudgetNear(**self._told_of_call(), seconds_left=round(seconds, 1)))

    def record(self) -> None:
        """Record the room, if RECORD is set; call it when a caller is there."""
        if not self._settings.record or self._ctx.is_fake_job():
            return
        self._recording = RoomRecording(
            self._ctx.api.egress,
            bucket_access(),
            self._settings.record,
            on_started=self._on_recording,
            on_failed=self._collector.note,
        )
        self._recording.start(self._identity.room, file_name(self._report(_RUNNING)))

    async def stop_recording(self) -> None:
        """Stop the recording, after the call."""
        if self._recording is not None:
            await self._recording.stop()

    async def finish(self, reason: str) -> None:
        """Write the report to the outbox; call it after the session was closed, so that everything is counted."""
        report = self._report(reason)
        await self._writer.close(ended(report, webhook=self._webhook, store=self._store, now=self._now()))

    # Events of the session

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and item.role == "user":
            start = item.metrics.get("started_speaking_at", item.created_at)
            end = item.metrics.get("stopped_speaking_at", start)
            self._collector.caller_said(item.text_content or "", start, max(start, end))

    def _on_tool(self, event: ToolExecutionUpdatedEvent) -> None:
        match event.update:
            case ToolCallStarted(function_call=call):
                self._collector.tool_started(call.call_id, call.name, call.arguments, event.created_at)
            case ToolCallEnded(call_id=call_id, status=status, message=message):
                self._collector.tool_ended(call_id, status, message, event.created_at)

    def _on_playback_started(self, event: PlaybackStartedEvent) -> None:
        self._collector.playback_started(event.created_at)

    def _on_playback_finished(self, event: PlaybackFinishedEvent) -> None:
        self._collector.playback_finished(
            self._now(),
            name=self._persona(),
            text=event.synchronized_transcript or "",
            position=event.playback_position,
            interrupted=event.interrupted,
        )

    # Events of the avatar

    def _on_avatar(self, event: Event) -> None:
        self._look_at_sink()
        match event:
            case SessionStarted(session=session, session_id=session_id):
                self._collector.session_started(session, session_id, self._now())
            case SessionLeft(session=session, detail=detail):
                self._collector.session_left(session, detail)
            case SessionStopped(session=session):
                self._collector.session_stopped(session, self._now())

    def _on_status(self, status: AvatarStatus) -> None:
        if status.is_live and self._avatar is not None:
            self._has_avatar = True
            identity, session_id = self._avatar.avatar_identity, self._avatar.session_id
            self._tell("avatar.live", AvatarLive(**self._told_of_call(), identity=identity, session_id=session_id))
        elif (loss := _LOSSES.get(status.reason)) is not None:
            self._lose(loss, status.detail)
        else:
            self._has_avatar = None

    def _lose(self, reason: str, detail: str) -> None:
        """Emit that the avatar is lost, once until it is live again."""
        if self._has_avatar is not False:
            self._has_avatar = False
            lost = {**self._told_of_call(), "reason": reason, "detail": detail}
            self._tell("avatar.lost", AvatarLost.model_validate(lost))
            self._collector.note(f"the avatar was lost: {detail}")

    def _look_at_sink(self) -> None:
        if self._avatar is not None:
            self._collector.sink(_SINKS[self._avatar.sink], self._now())

    def _on_recording(self, recording: Recording) -> None:
        self._collector.recording = recording

    # Events

    def _allowed(self, url: str) -> str:
        """Return the webhook of a call's configuration, if it may be used."""
        if not url:
            return ""
        problem = webhook_problem(url, loopback=self._settings.webhook_loopback, is_trusted=False)
        if problem is None and not self._settings.webhook_secret.get_secret_value():
            problem = "it can't be signed: set WEBHOOK_SECRET"
        if problem is None:
            return url
        logger.warning("the webhook of the call's configuration is not used", extra={"problem": problem})
        self._collector.note(f"the webhook of the call's configuration is not used: {problem}")
        return ""

    def _load_prices(self) -> Prices:
        """Load the prices; return none if the file was changed after the worker's start and is no longer usable."""
        try:
            return load_prices(self._settings.prices or DEFAULT_PRICES)
        except SettingsError as error:
            logger.warning("a call's report has no costs", extra={"problem": error.problems[0]})
            self._collector.note("there are no costs: PRICES can't be used")
            return Prices()

    def _told_of_call(self) -> dict[str, Any]:
        identity = self._identity
        return {"room": identity.room, "job": identity.job, "persona": self._persona(), "metadata": identity.metadata}

    def _tell(self, name: EventName, data: EventData) -> None:
        if self._webhook:
            self._writer.put(self._event(name, data))

    def _event(self, name: EventName, data: EventData) -> Item:
        number = self._told[name]
        self._told[name] += 1
        return event_item(self._webhook, name, data, self._now(), number=number)

    def _report(self, reason: str) -> CallReport:
        settings = self._settings
        usage = usage_of(
            self._session.usage.model_usage,
            avatar_seconds=self._usage.now().avatar_seconds,
            avatar_is_free=settings.liveavatar_sandbox,
            stand_ins=settings.stand_ins,
            prices=self._prices,
        )
        return self._collector.report(self._now(), reason, usage, self._prices)
