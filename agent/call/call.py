"""One call: from the room to the opening line, and its end. The framework runs the conversation in between."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import aiohttp
from livekit import api
from livekit.agents import AutoSubscribe, CloseEvent, JobContext, room_io
from livekit.agents.vad import VAD

from agent.call.account import Account
from agent.call.answering import Answering
from agent.call.budget import Reason
from agent.call.budget_enforcer import GOODBYE_TIMEOUT, BudgetEnforcer, limits_of
from agent.call.ending import Ending, Farewell, Step
from agent.call.face import Face
from agent.call.farewell import fall_silent, finish_speech, say_goodbye
from agent.call.kept import Conversation, Keeper, Memory
from agent.call.presence import Presence
from agent.call.silence_enforcer import SILENT, SilenceEnforcer
from agent.call_config.given import Given
from agent.control.control import Control
from agent.control.usage import Usage
from agent.control.waterfall import Turn
from agent.conversation.pipeline import build_session
from agent.metrics.call import CallMetrics
from agent.persona import Persona
from agent.reports.recorder import ReportRecorder
from agent.rooms.hosted import CALLER_JOIN_TIMEOUT
from agent.rooms.own import is_web_room
from agent.settings import Settings
from agent.speech.queue import SpeechQueue
from avatar import HostedRoom
from avatar.sessions.hosted import AVATAR_IDENTITY
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

# Deadlines of the steps of a call's end, in seconds. The avatar is stopped after the first three: without a farewell at
# most 3.5 s after the decision to end.
_SILENCE_TIMEOUT = 1.0
_FAREWELL_TIMEOUT = GOODBYE_TIMEOUT - _SILENCE_TIMEOUT
_LAST_EVENTS_TIMEOUT = 2.5
_STOP_TIMEOUT = 10.0
_CLOSE_TIMEOUT = 5.0
_RECORDING_TIMEOUT = 3.0
_REPORT_TIMEOUT = 3.0
_HANG_UP_TIMEOUT = 3.0

# Seconds for which the opening line waits for a slot of the account (NO_SLOT=wait); then the call goes on by voice.
_SLOT_TIMEOUT = 60.0

# Sample rate of the caller's sound, in Hz.
_INPUT_RATE = 16_000


class Call:
    """A caller, an agent and its avatar in one room.

    **When the avatar is paid for.** Only a caller with a screen sees it. In a room of LiveAvatar's, and in a room that
    the page's token endpoint has named, the caller has a screen, so the avatar starts before the agent connects. In any
    other room the agent connects first and reads the participants: the avatar starts at once if one of them has a
    screen, otherwise when such a caller joins. With SIP_AVATAR a telephone counts as a screen.

    Args:
        ctx: The job, not connected yet.
        settings: Complete ones.
        persona: The first one.
        vad: The process's voice activity detection.
        journal: Where the avatar's sessions are noted.
        hosted: The room, if it is LiveAvatar's; its session belongs to this process.
        given: The call's configuration, already merged into the settings and the persona; None if it has none.
        keeper: Stores the conversation for the next agent, in case this job dies; None to store none.
        resumed: The conversation that was cut off in this room and that this agent continues.
    """

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        persona: Persona,
        vad: VAD,
        journal: Journal | None = None,
        *,
        hosted: HostedRoom | None = None,
        given: Given | None = None,
        keeper: Keeper | None = None,
        resumed: Conversation | None = None,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._hosted = hosted
        account = Account(settings, journal, room=ctx.job.room.name)
        self._session = build_session(settings, persona, vad)
        self._speech = SpeechQueue(self._session)
        self._usage = Usage(settings, account)
        self._ending = Ending(self._steps, on_begin=self._on_end_begins, on_end=self._on_ended)
        self._presence = Presence(
            self._session,
            ctx.room,
            settings.caller_grace,
            first_within=None if hosted is None else CALLER_JOIN_TIMEOUT,
            avatar=None if hosted is None else AVATAR_IDENTITY,
            on_over=partial(self._ending.begin, "the caller has left"),
        )
        self._metrics = CallMetrics(self._session, self._presence)
        self._budget = BudgetEnforcer(
            self._session,
            limits_of(settings, None if hosted is None else hosted.max_duration),
            account,
            is_seen=self._is_seen,
            on_warning=self._on_end_near,
            on_end=self._on_budget_end,
        )
        self._control = Control(
            ctx.room,
            self._session,
            self._speech,
            self._presence,
            settings=settings,
            persona=persona,
            config=(given or Given()).config,
            stem="" if resumed is None else resumed.persona,
            usage=self._usage,
            on_turn=self._on_turn,
            on_use=self._on_use,
            on_end=partial(self._ending.begin, "a caller ended it"),
        )
        self._silence = SilenceEnforcer(
            self._session,
            self._speech,
            self._presence,
            self._control.personas,
            is_held=lambda: self._control.is_button_held,
            on_leave=self._on_silence,
        )
        self._goodbye: str | None = None
        self._recorder = ReportRecorder(
            ctx,
            settings,
            self._session,
            self._usage,
            persona=lambda: self._control.personas.persona.name,
            given=given or Given(),
        )
        self._control.personas.on_problem = self._recorder.note
        self._face = Face(ctx, settings, persona, self._control, journal=journal, hosted=hosted)
        self._answering = Answering(ctx.room, self._presence)
        self._waits_for_slot = False
        self._seen = hosted is not None or settings.sip_avatar or is_web_room(ctx.job.room.name)
        self._resumed = resumed
        self._memory = None if keeper is None else Memory(self._session, keeper, lambda: self._control.personas.stem)
        self._greeting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the room, start the avatar and the conversation; the opening line follows in the background."""
        self._session.closer = self
        self._session.on("close", self._on_session_close)
        self._recorder.begin()
        if self._resumed is not None:
            self._session.history.insert(self._resumed.history.items)
        is_call = not self._ctx.is_fake_job()
        if is_call and self._seen:
            # The avatar's start takes longest, so it comes first.
            await self._start_avatar()
        # Presence subscribes to the callers' microphones, the avatar's link to its sound; no picture is subscribed to.
        await self._ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
        if is_call and not self._seen:
            self._presence.refresh()
            await self._start_avatar()
        await self._session.start(
            self._control.personas.first_agent(),
            room=self._ctx.room,
            room_options=self._room_options(),
            # A session host lets everybody in the room read the instructions and speak for the caller, past `control`.
            session_host=False,
        )
        self._session.condition_input(
            echo_gate=self._settings.echo_gate, auto_gain_control=self._settings.auto_gain_control
        )
        if self._face.avatar is not None:
            self._session.note_said_words(self._on_heard)
            self._face.avatar.sync_transcription()
        if not is_call:
            self._say_opening()
            self._control.personas.prepare()
            return
        self._control.open()
        self._recorder.listen()
        self._speech.hold()
        if not self._waits_for_slot:
            self._say_opening()
        self._presence.on("changed", self._budget.look)
        self._presence.watch()
        self._budget.enforce(self._face.avatar, is_engaged=self._seen and not self._waits_for_slot)
        self._silence.enforce()
        self._greeting = asyncio.create_task(self._greet(), name="greeting")

    def shut_down(self, *, drain: bool) -> None:
        """End the call because a tool or a plugin shuts the session down."""
        self._ending.begin("the session was shut down", Farewell.FINISH if drain else Farewell.NONE)

    async def close(self) -> None:
        """End the call because its job ends, and return when it has ended.

        The farewell needs the caller in the room; the framework's shutdown callbacks run after the room was left.
        """
        self._ending.begin("the job ends", Farewell.GOODBYE)
        await self._ending.wait()
        if self._memory is not None:
            await self._memory.aclose()

    def _room_options(self) -> room_io.RoomOptions:
        return room_io.RoomOptions(
            # No participant has this identity, so the framework links none; Presence does.
            participant_identity=f"nobody-{uuid.uuid4()}",
            # The rate that voice activity detection and Deepgram need: by default both would resample the sound. The
            # session itself applies auto gain control, because the framework's takes processor time even in silence.
            audio_input=room_io.AudioInputOptions(sample_rate=_INPUT_RATE, auto_gain_control=False),
            # Presence decides whether a caller who left ends the call.
            close_on_disconnect=False,
            # Control reads the chat, and takes lines of every caller.
            text_input=False,
            # With an avatar the transcription follows its playback.
            text_output=room_io.TextOutputOptions(sync_transcription=self._face.avatar is None),
        )

    async def _start_avatar(self) -> None:
        self._seen = self._is_seen()
        refusal = None if self._hosted is not None else await self._budget.refusal()
        self._waits_for_slot = refusal is Reason.NO_SLOT
        if refusal is not None and not self._waits_for_slot:
            self._control.show_voice_only(refusal)
        else:
            # If the avatar is not engaged here, the budget engages it once there is a slot and a caller who sees it.
            why_not = refusal or (None if self._seen else Reason.UNSEEN)
            await self._face.start(self._session, unless=why_not)
        self._metrics.watch(self._face.avatar)
        self._recorder.watch(self._face.avatar)

    def _is_seen(self) -> bool:
        """Return whether a caller can see the avatar; in an empty room, whether the last caller could."""
        if self._presence.has_caller:
            self._seen = self._hosted is not None or self._settings.sip_avatar or self._presence.has_screen
        return self._seen

    async def _greet(self) -> None:
        """Say the opening line once a caller has joined and sees the avatar, if the call has one."""
        if not await self._presence.wait_for_caller():
            return
        self._recorder.record()
        if self._waits_for_slot:
            await self._wait_for_slot()
            self._say_opening()
        elif self._is_seen():
            await self._face.wait_for_picture()
        self._speech.release()
        self._control.personas.prepare()

    async def _wait_for_slot(self) -> None:
        if self._settings.no_slot == "wait":
            self._session.say(self._control.personas.persona.waiting)
            await self._face.wait_for_picture(_SLOT_TIMEOUT)

    def _say_opening(self) -> None:
        self._control.say_opening(resumes=self._resumed is not None)

    # The end

    def _steps(self, farewell: Farewell) -> Sequence[Step]:
        if not self._presence.is_there or not self._ctx.room.isconnected():
            farewell = Farewell.NONE
        return (
            *self._farewell(farewell),
            Step("last events", self._control.aclose, _LAST_EVENTS_TIMEOUT),
            Step("avatar", self._face.stop, _STOP_TIMEOUT),
            Step("agent session", self._session.close, _CLOSE_TIMEOUT),
            Step("recording", self._recorder.stop_recording, _RECORDING_TIMEOUT),
            Step("report", self._finish_report, _REPORT_TIMEOUT),
            Step("voices", self._control.personas.aclose, _CLOSE_TIMEOUT),
            Step("room", self._hang_up, _HANG_UP_TIMEOUT),
        )

    def _farewell(self, farewell: Farewell) -> Sequence[Step]:
        silence = Step("silence", partial(fall_silent, self._session), _SILENCE_TIMEOUT)
        finish = Step("last words", partial(finish_speech, self._session), _FAREWELL_TIMEOUT)
        goodbye = Step("goodbye", self._say_goodbye, _FAREWELL_TIMEOUT)
        return {
            Farewell.NONE: (silence,),
            Farewell.FINISH: (finish, silence),
            Farewell.GOODBYE: (silence, goodbye),
        }[farewell]

    async def _say_goodbye(self) -> None:
        goodbye = self._control.personas.language.goodbye if self._goodbye is None else self._goodbye
        await say_goodbye(self._speech, goodbye)

    async def _finish_report(self) -> None:
        await self._recorder.finish(self._ending.reason)

    async def _hang_up(self) -> None:
        """Delete the room of a single caller, which also hangs up a telephone. Several callers keep their room."""
        ctx = self._ctx
        is_ours = self._hosted is None and not ctx.is_fake_job()
        if not is_ours or not ctx.room.isconnected() or self._presence.count > 1:
            return
        try:
            await ctx.api.room.delete_room(api.DeleteRoomRequest(room=ctx.room.name))
        except (aiohttp.ClientError, api.TwirpError) as error:
            logger.warning("the room stays open after the call", extra={"error": type(error).__name__})

    def _on_end_begins(self) -> None:
        self._control.refuse_requests()
        if self._greeting is not None:
            self._greeting.cancel()
        self._budget.stop()
        self._silence.stop()
        self._answering.close()

    def _on_ended(self, reason: str) -> None:
        self._metrics.end(reason)
        logger.info("call ended", extra=self._usage.now().model_dump(exclude={"type"}))
        # The avatar is a participant too: it would keep the room, and so the job, alive.
        self._ctx.shutdown(reason=reason)

    def _on_heard(self, text: str) -> None:
        self._recorder.heard(text)
        if self._memory is not None:
            self._memory.heard(text)

    def _on_turn(self, turn: Turn) -> None:
        self._metrics.turn(turn)
        self._recorder.turn(turn)

    def _on_end_near(self, seconds: float) -> None:
        self._recorder.budget_near(seconds)
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._control.attributes.tell(ends_at=ends_at.isoformat(timespec="seconds"))

    def _on_use(self) -> None:
        self._budget.used()
        self._silence.used()

    def _on_silence(self) -> None:
        self._goodbye = self._control.personas.language.silence_goodbye
        self._ending.begin(SILENT, Farewell.GOODBYE)

    def _on_budget_end(self, reason: Reason) -> None:
        self._ending.begin(reason, Farewell.GOODBYE)

    def _on_session_close(self, event: CloseEvent) -> None:
        self._ending.begin(f"the session closed: {event.reason.value}")
