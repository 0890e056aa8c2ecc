"""The recorder of a call's report: what it gets from the call, and the resulting outbox."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import api, rtc
from livekit.agents import ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage, FunctionCall
from livekit.agents.voice.events import ToolCallEnded, ToolCallStarted, ToolExecutionUpdatedEvent

from agent.call.account import Account
from agent.call_config.given import Given
from agent.call_config.model import CallConfig
from agent.control.usage import Usage
from agent.control.waterfall import Turn
from agent.conversation.tools import end_call
from agent.reports.check import outbox_of
from agent.reports.recorder import ReportRecorder
from agent.reports.report import CallReport
from agent.settings import Settings
from avatar import AvatarReason, AvatarStatus
from avatar.core import SessionLeft, SessionStarted, SessionStopped, Sink
from tests.agent.call.call_fakes import CLIENT, OPENING, WEB_ROOM, staged
from tests.agent.control.fakes import CalledSession
from tests.agent.speech.speech_fakes import ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOOK, SECRET = "https://example.com/hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Egress:
    """A fake of LiveKit's egress API."""

    async def start_room_composite_egress(self, start: api.RoomCompositeEgressRequest, /) -> api.EgressInfo:
        return api.EgressInfo(egress_id="EG_1")

    async def stop_egress(self, stop: api.StopEgressRequest, /) -> api.EgressInfo:
        return api.EgressInfo()


class Avatar(rtc.EventEmitter[Literal["core_event", "status_changed"]]):
    """An avatar that emits the events that the test sets."""

    avatar_identity, session_id = "avatar", "session-1"
    sink: Sink | None = Sink.AVATAR

    def is_now(self, reason: AvatarReason | None, detail: str = "") -> None:
        """Join, or leave for this reason."""
        self.emit("status_changed", AvatarStatus(is_live=reason is None, reason=reason, detail=detail))


class Bench:
    """A recorder without a real call.

    Attributes:
        session: The session whose events are recorded.
        recorder: The recorder under test.
    """

    def __init__(self, session: CalledSession, folder: Path, *, is_fake: bool = False, webhook: str = "") -> None:
        values = {"state_dir": folder, "webhook_url": HOOK, "webhook_secret": SECRET, "record": "s3://calls"}
        self._settings = Settings.model_validate(values)
        self.session = session
        ctx: Any = SimpleNamespace(
            job=SimpleNamespace(id="AJ_1", room=SimpleNamespace(name="a-room")),
            api=SimpleNamespace(egress=Egress()),
            is_fake_job=lambda: is_fake,
        )
        self.recorder = ReportRecorder(
            ctx,
            self._settings,
            session,
            Usage(self._settings, Account(self._settings, None)),
            persona=lambda: "Ada",
            given=Given(
                CallConfig.model_validate({"webhook": webhook or None, "metadata": {"order": 17}}),
                ("CALL CONFIG voice: unknown",),
            ),
        )

    async def end(self) -> CallReport:
        """End the call, and return its report."""
        await self.recorder.finish("the caller has left")
        return CallReport.model_validate(self.told()[-1][1]["report"])

    def told(self) -> list[tuple[str, Any]]:
        """Return the types and contents of the events in the outbox."""
        bodies = [json.loads(item.body) for item in outbox_of(self._settings).items()]
        return [(body["type"], body["data"]) for body in bodies]

    def targets(self) -> set[str]:
        """Return the targets of the events."""
        return {item.target for item in outbox_of(self._settings).items()}


@pytest.fixture
async def session() -> AsyncIterator[CalledSession]:
    """Make a session that is not started."""
    session = CalledSession(voice=ScriptedTTS({}))
    async with session:
        yield session


async def test_events_of_the_session_become_the_report(session: CalledSession, tmp_path: Path) -> None:
    """The report has the caller's lines with the framework's times, tools, and turns."""
    it = Bench(session, tmp_path)
    it.recorder.begin()
    spoken = ChatMessage(
        role="user", content=["Hello."], metrics={"started_speaking_at": 1e10, "stopped_speaking_at": 1e10 + 3.0}
    )
    session.emit("conversation_item_added", ConversationItemAddedEvent(item=spoken))
    session.emit(
        "conversation_item_added", ConversationItemAddedEvent(item=ChatMessage(role="user", content=["Typed."]))
    )
    session.emit(
        "conversation_item_added", ConversationItemAddedEvent(item=ChatMessage(role="assistant", content=["No."]))
    )
    call = FunctionCall(call_id="c1", name="get_time", arguments="{}")
    session.emit("tool_execution_updated", ToolExecutionUpdatedEvent(update=ToolCallStarted(function_call=call)))
    ended = ToolCallEnded(id="c1", call_id="c1", status="error", message="no such city")
    session.emit("tool_execution_updated", ToolExecutionUpdatedEvent(update=ended))
    it.recorder.turn(Turn(1, "speech", {"speaking": 1.0}))
    report = await it.end()

    assert [(line.speaker, line.text) for line in report.transcript] == [("caller", "Typed."), ("caller", "Hello.")]
    assert report.transcript[1].end - report.transcript[1].start == pytest.approx(3.0, abs=0.01)
    assert [(tool.name, tool.outcome, tool.result) for tool in report.tools] == [("get_time", "error", None)]
    assert [turn.stages for turn in report.turns] == [{"speaking": 1.0}]
    assert report.metadata == {"order": 17}


async def test_an_event_is_sent_when_the_avatar_joins_and_when_it_is_lost(
    session: CalledSession, tmp_path: Path
) -> None:
    """Each is sent once; an avatar that was released is not lost."""
    it, avatar = Bench(session, tmp_path), Avatar()
    given: Any = avatar
    it.recorder.begin()
    it.recorder.watch(given)
    avatar.emit("core_event", SessionStarted(1, "session-1"))
    avatar.is_now(None)
    avatar.is_now(AvatarReason.LOST, "socket")
    avatar.is_now(AvatarReason.BUSY, "no slot")
    avatar.is_now(None)
    avatar.is_now(AvatarReason.RELEASED, "idle")
    avatar.sink = None
    avatar.emit("core_event", SessionLeft(1, "idle", failed=False))
    avatar.emit("core_event", SessionStopped(1))
    report = await it.end()

    names = ["call.started", "avatar.live", "avatar.lost", "avatar.live", "call.ended"]
    assert [name for name, _ in it.told()] == names
    assert it.told()[1][1]["session_id"] == "session-1"
    assert (it.told()[2][1]["reason"], it.told()[2][1]["detail"]) == ("lost", "socket")
    assert [(each.id, each.reason, each.end is None) for each in report.sessions] == [("session-1", "idle", False)]
    assert [each.sink for each in report.sinks] == ["fallback", "avatar", "silent"]
    assert report.notes == ("CALL CONFIG voice: unknown", "the avatar was lost: socket")


async def test_a_call_without_an_avatar_and_near_its_end_sends_events(session: CalledSession, tmp_path: Path) -> None:
    """The event has the remaining seconds."""
    it = Bench(session, tmp_path)
    it.recorder.begin()
    it.recorder.watch(None)
    it.recorder.budget_near(29.96)
    await it.end()

    assert [name for name, _ in it.told()] == ["call.started", "avatar.lost", "budget.near", "call.ended"]
    assert it.told()[1][1]["reason"] == "unavailable"
    assert it.told()[2][1]["seconds_left"] == 30.0


async def test_a_calls_own_webhook_replaces_the_settings(session: CalledSession, tmp_path: Path) -> None:
    """This holds for this call only."""
    it = Bench(session, tmp_path, webhook="https://example.org/own")
    it.recorder.begin()
    await it.end()

    assert it.targets() == {"https://example.org/own"}


async def test_a_calls_own_webhook_that_may_not_be_used_is_a_note(session: CalledSession, tmp_path: Path) -> None:
    """The call's events go to the webhook of the settings."""
    it = Bench(session, tmp_path, webhook="https://169.254.169.254/latest")
    it.recorder.begin()
    report = await it.end()

    assert it.targets() == {HOOK}
    assert "not on the internet" in report.notes[0] + report.notes[1]


async def test_prices_that_can_no_longer_be_read_do_not_end_the_call(session: CalledSession, tmp_path: Path) -> None:
    """The file was good when the worker started."""
    settings = Settings.model_validate({"state_dir": tmp_path, "prices": tmp_path / "gone.toml"})
    ctx: Any = SimpleNamespace(
        job=SimpleNamespace(id="AJ_1", room=SimpleNamespace(name="a-room")), is_fake_job=lambda: False
    )
    usage = Usage(settings, Account(settings, None))
    recorder = ReportRecorder(ctx, settings, session, usage, persona=lambda: "Ada", given=Given())

    assert recorder._report("why").notes == ("there are no costs: PRICES can't be used",)


async def test_a_console_leaves_nothing(session: CalledSession, tmp_path: Path) -> None:
    """A console session is not a call."""
    it = Bench(session, tmp_path, is_fake=True)
    it.recorder.begin()
    it.recorder.record()
    await it.recorder.stop_recording()
    await it.recorder.finish("why")

    assert it.told() == []


async def test_the_recording_is_in_the_report(session: CalledSession, tmp_path: Path) -> None:
    """The report has its address."""
    it = Bench(session, tmp_path)
    it.recorder.begin()
    it.recorder.record()
    async with asyncio.timeout(5):
        while it.recorder._collector.recording is None:  # noqa: ASYNC110 - it starts in the background
            await asyncio.sleep(0)
    await it.recorder.stop_recording()
    report = await it.end()

    assert report.recording is not None
    assert report.recording.egress_id == "EG_1"
    assert report.recording.location.startswith("s3://calls/2")
    assert report.recording.location.endswith("/a-room-AJ_1.mp4")


async def test_a_whole_call_is_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The call reports its start, its avatar, its speech and its end."""
    given: dict[str, Any] = {"state_dir": tmp_path / "state", "reports": str(tmp_path / "reports")}
    async with staged(monkeypatch, tools=[end_call], webhook_url=HOOK, webhook_secret=SECRET, **given) as stage:
        await stage.call.start()
        await stage.shows("live")
        stage.room.come(CLIENT, microphone=True)
        await stage.has_said(OPENING)
        stage.room.leave(CLIENT)
        await stage.has_ended()
    items = outbox_of(Settings.model_validate(given)).items()
    report = CallReport.model_validate_json(next(item.body for item in items if item.name.endswith(".json")))

    events = [item.name for item in items if item.kind == "event"]
    assert events == ["call.started", "avatar.live", "call.ended"]
    assert (report.room, report.job, report.persona) == (WEB_ROOM, "AJ_job", "Ada")
    assert report.end_reason == "the caller has left"
    assert [line.text for line in report.transcript] == [OPENING]
    assert report.transcript[0].position == pytest.approx(0.3, abs=0.1)
    assert [each.by for each in report.turns] == ["opening"]
    assert len(report.sessions) == 1
    assert report.sessions[0].end is not None
    assert {"tts", "avatar"} <= {use.kind for use in report.usage}
