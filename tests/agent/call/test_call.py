"""A whole call: when its avatar is paid for, and that it ends in time whichever part hangs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import AutoSubscribe, CloseReason, function_tool, llm
from livekit.plugins import deepgram

import agent.call.call
from agent.call.budget import Reason
from agent.call.silence_enforcer import SILENT
from agent.control.voice_only import SENTENCES, UNAVAILABLE
from agent.conversation.call_session import CallSession
from agent.conversation.echo_gate import EchoGate
from agent.conversation.pipeline import load_vad
from agent.conversation.quiet_input import GainInput, QuietInput
from agent.conversation.tools import end_call
from agent.settings.silence import SilenceOptions
from tests.agent.call import call_fakes
from tests.agent.call.call_fakes import BYE, CLIENT, GOODBYE, OPENING, STORY, Stage, staged
from tests.agent.room_fakes import HUNG_UP, PHONE
from tests.agent.session_fakes import Reply, chain_of
from tests.avatar.fakes import LiteService, reply

if TYPE_CHECKING:
    from aiohttp import web

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

LOOK = Reply((llm.FunctionToolCall(name="look", arguments="{}", call_id="call"),))
HANG_UP = llm.FunctionToolCall(name="end_call", arguments="{}", call_id="call")
RINGING, ANSWERED = {"sip.callStatus": "ringing"}, {"sip.callStatus": "active"}


@function_tool(name="look")
async def never() -> str:
    """Wait for a server that never answers."""
    await asyncio.Event().wait()
    return ""


@function_tool(name="look")
async def stubborn() -> str:
    """Keep waiting even when cancelled, for as long as a test may take."""
    for _ in range(10):
        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            continue
    return ""


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up hanging steps after a moment."""
    for name in ("_SILENCE_TIMEOUT", "_CLOSE_TIMEOUT", "_HANG_UP_TIMEOUT"):
        monkeypatch.setattr(agent.call.call, name, 0.2)
    # An avatar stays for 1.2 s after its last word.
    monkeypatch.setattr(agent.call.call, "_STOP_TIMEOUT", 2.0)


async def talks(stage: Stage) -> None:
    """Start the call, let the caller join, and wait for the opening line."""
    await stage.call.start()
    stage.room.come(CLIENT, microphone=True)
    await stage.has_said(OPENING)


async def looks(stage: Stage) -> None:
    """Ask something that needs a tool, and wait until the tool runs."""
    started = asyncio.Event()
    stage.session.on("tool_execution_updated", lambda _: started.set())
    stage.session.generate_reply(user_input="look it up")
    await asyncio.wait_for(started.wait(), 10)


# The avatar


async def test_the_avatar_is_on_its_way_before_the_agent_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller of the web page has a screen, so nothing waits to find that out."""
    async with staged(monkeypatch) as stage:
        await talks(stage)

        assert "token" in stage.job.asked_before_connecting
        await stage.shows("live")


async def test_in_another_room_the_agent_joins_before_it_starts_the_avatar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller with a screen who is in the room brings the avatar."""
    async with staged(monkeypatch, room="meeting") as stage:
        stage.room.come(CLIENT, microphone=True)
        await stage.call.start()
        await stage.shows("live")

        assert stage.job.asked_before_connecting == []


async def test_a_telephone_pays_for_no_avatar_and_is_greeted_when_it_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The agent's track is published while the telephone rings, and a caller with a screen brings the avatar."""
    async with staged(monkeypatch, room="call-_+15550100_aBcD") as stage:
        stage.room.come("phone", RINGING, PHONE, microphone=True)
        await stage.call.start()
        await stage.publishes("answering")
        assert stage.said == []
        stage.room.set("phone", sip_callStatus="active")
        await stage.has_said(OPENING)
        assert stage.service.calls == []
        assert stage.attributes["avatar"] == f"voice only: {SENTENCES[Reason.UNSEEN]}"
        stage.room.come(CLIENT)
        await stage.shows("live")


async def test_a_telephone_may_have_an_avatar_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that is recorded may want an avatar without a viewer."""
    async with staged(monkeypatch, room="call-_+15550100_aBcD", sip_avatar=True) as stage:
        stage.room.come("phone", ANSWERED, PHONE, microphone=True)
        await stage.call.start()
        await stage.shows("live")


class Refusing(LiteService):
    """A service that rejects the API key."""

    def on_token(self, request: web.Request) -> web.Response:
        return reply({"code": 4010, "data": None, "message": "Invalid API key"}, status=401)


async def test_a_caller_reads_no_operators_detail(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason for the missing avatar is in the log only."""
    async with staged(monkeypatch, service=Refusing()) as stage:
        await talks(stage)
        await stage.shows("voice only")

    assert stage.attributes["avatar"] == f"voice only: {UNAVAILABLE}"
    [record] = [each for each in caplog.records if each.getMessage() == "there is no avatar, the call goes on by voice"]
    assert "LIVEAVATAR_API_KEY" in record.__dict__["reason"]


# The end


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("tool", [never, stubborn])
async def test_a_caller_who_leaves_while_a_tool_hangs_ends_the_call(monkeypatch: pytest.MonkeyPatch, tool: Any) -> None:
    """The avatar's session is stopped, the room is closed and the job ends, although the tool never returns."""
    async with staged(monkeypatch, LOOK, tools=[tool]) as stage:
        await talks(stage)
        await looks(stage)
        stage.room.leave(CLIENT, HUNG_UP)
        await stage.has_ended()

        assert stage.service.running == set()
        assert (stage.job.reason, stage.job.rooms.deleted) == ("the caller has left", [stage.room.name])


async def test_the_minutes_of_a_call_are_kept_while_a_tool_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The goodbye is said and the call ends, although the tool never returns."""
    async with staged(monkeypatch, LOOK, tools=[never], minutes_per_call=11 / 60, end_warning_seconds=0) as stage:
        await talks(stage)
        await looks(stage)
        await stage.has_ended()

        assert (stage.said[-1].text_content, stage.said[-1].interrupted) == (GOODBYE, False)
        assert stage.service.running == set()
        assert stage.job.reason == Reason.CALL_IS_USED


async def test_an_idle_avatar_leaves_while_a_tool_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that thinks for ever does not count as speaking."""
    async with staged(monkeypatch, LOOK, tools=[never], avatar_idle_seconds=1.0) as stage:
        await talks(stage)
        await looks(stage)
        await stage.shows("voice only")

        assert stage.session.agent_state == "thinking"
        assert stage.attributes["avatar"] == f"voice only: {SENTENCES[Reason.IDLE]}"


async def test_an_unused_call_ends_with_the_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle call ends with the goodbye instead of lasting for ever."""
    async with staged(monkeypatch, call_idle_seconds=1.0) as stage:
        await talks(stage)
        await stage.has_ended()

        assert [message.text_content for message in stage.said] == [OPENING, GOODBYE]


class Hanging(LiteService):
    """A service that never answers a stop request."""

    def _rest(self, path: str, handler: Any) -> Any:
        inner = super()._rest(path, handler)

        async def handle(request: web.Request) -> web.Response:
            if path == "stop":
                await asyncio.sleep(3.0)
            answer: web.Response = await inner(request)
            return answer

        return handle


@pytest.mark.usefixtures("short")
async def test_a_vendor_that_hangs_does_not_keep_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job ends; the stop continues in the background, and the next sweep finds the session."""
    async with staged(monkeypatch, service=Hanging()) as stage:
        await talks(stage)
        await stage.shows("live")
        stage.room.leave(CLIENT, HUNG_UP)
        await stage.has_ended()

        assert stage.service.running == {"s-1"}
        assert stage.job.rooms.deleted == [stage.room.name]


@pytest.mark.usefixtures("short")
async def test_a_framework_that_hangs_does_not_keep_the_avatar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The avatar is stopped before the session is closed, and the job does not wait for the session."""
    async with staged(monkeypatch) as stage:
        await talks(stage)
        close = CallSession.close
        monkeypatch.setattr(CallSession, "close", lambda _: asyncio.Event().wait())
        stage.room.leave(CLIENT, HUNG_UP)
        await stage.has_ended()

        assert stage.service.running == set()
        await close(stage.session)


async def test_speech_that_the_end_cuts_is_kept_as_far_as_it_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The avatar is interrupted before it is stopped."""
    async with staged(monkeypatch) as stage:
        await talks(stage)
        await stage.shows("live")
        stage.session.say(STORY)
        await stage.service.wait_for("agent.speak")
        await asyncio.sleep(0.5)
        await asyncio.wait_for(stage.call.close(), 20)

        story = stage.said[1]
        assert (story.text_content or "", story.interrupted) != (STORY, False)
        assert stage.service.of("agent.interrupt")


async def test_when_the_worker_ends_the_goodbye_is_heard_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework's close of the session ends the call, in the same order as any other end."""
    async with staged(monkeypatch) as stage:
        await talks(stage)
        await asyncio.wait_for(stage.session.aclose(), 20)

        assert (stage.said[-1].text_content, stage.said[-1].interrupted) == (GOODBYE, False)
        assert stage.service.running == set()
        assert stage.job.has_ended.is_set()


async def test_no_goodbye_is_said_in_an_empty_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is shut down while it waits for a caller ends the call at once."""
    async with staged(monkeypatch) as stage:
        await stage.call.start()
        await asyncio.wait_for(stage.session.aclose(), 20)

        assert stage.said == []
        assert stage.service.running == set()


async def test_a_session_that_fails_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework closes a failed session by itself."""
    async with staged(monkeypatch) as stage:
        await talks(stage)
        stage.session._close_soon(reason=CloseReason.ERROR)
        await stage.has_ended()

        assert stage.service.running == set()
        assert stage.job.reason == "the session closed: error"


async def test_a_front_end_ends_the_call_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a front end has ended the call, further requests are refused."""
    async with staged(monkeypatch) as stage:
        await talks(stage)
        methods = stage.room.local_participant.methods
        ask = rtc.RpcInvocationData("request", CLIENT, "{}", 10.0, "end_call")
        assert await methods["end_call"](ask) == "{}"
        talk = rtc.RpcInvocationData("request", CLIENT, '{"text": "hello"}', 10.0, "talk")
        with pytest.raises(rtc.RpcError) as refused:
            await methods["talk"](talk)
        await stage.has_ended()

        assert refused.value.code == 409
        assert [message.text_content for message in stage.said] == [OPENING]


@pytest.mark.parametrize("replies", [(Reply((HANG_UP,)), Reply((BYE,))), (Reply((BYE, HANG_UP)),)])
async def test_the_agent_hangs_up_when_it_has_said_goodbye(
    monkeypatch: pytest.MonkeyPatch, replies: tuple[Reply, ...]
) -> None:
    """The goodbye is said once, and to its end, whether the model says it with the tool call or after it."""
    async with staged(monkeypatch, *replies, tools=[end_call]) as stage:
        await talks(stage)
        stage.session.generate_reply(user_input="that is all, goodbye")
        await stage.has_ended()

        assert [message.text_content for message in stage.said] == [OPENING, BYE]
        assert not stage.said[-1].interrupted
        assert stage.service.running == set()
        assert stage.job.rooms.deleted == [stage.room.name]


async def test_a_silent_call_ends_with_its_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """The goodbye is heard to its end, the end has its own reason, and the avatar is no longer paid for."""
    silence = SilenceOptions.model_construct(goodbye_after=0.5, goodbye=BYE)
    monkeypatch.setattr(call_fakes, "PERSONA", call_fakes.PERSONA.model_copy(update={"silence": silence}))
    async with staged(monkeypatch) as stage:
        await talks(stage)
        await stage.has_ended()

        assert [message.text_content for message in stage.said] == [OPENING, BYE]
        assert not stage.said[-1].interrupted
        assert stage.job.reason == SILENT
        assert stage.service.running == set()


async def test_a_caller_who_interrupts_the_goodbye_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who interrupts the goodbye keeps the call."""
    async with staged(monkeypatch, Reply((HANG_UP,)), Reply((STORY,)), tools=[end_call]) as stage:
        await talks(stage)
        await stage.shows("live")
        stage.session.generate_reply(user_input="goodbye")
        await stage.service.wait_for("agent.speak", 2)
        await stage.session.interrupt()
        await asyncio.sleep(0.2)

        assert not stage.call._ending.has_begun


async def test_the_room_is_joined_without_subscribing_to_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Presence` and the avatar subscribe to the tracks they need, so that no video is ever decoded."""
    async with staged(monkeypatch) as stage:
        await talks(stage)

        assert stage.job.auto_subscribe is AutoSubscribe.SUBSCRIBE_NONE


async def test_the_callers_sound_is_not_resampled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's audio arrives at the sample rate of voice activity detection and speech-to-text."""
    async with staged(monkeypatch) as stage:
        options = stage.call._room_options().get_audio_input_options()

    assert options is not None
    assert options.sample_rate == load_vad()._opts.sample_rate == deepgram.STT(api_key="key")._opts.sample_rate  # type: ignore[attr-defined]


@pytest.mark.parametrize("gain", [False, True])
@pytest.mark.parametrize("gate", [False, True])
async def test_the_callers_sound_is_conditioned_as_wanted(
    monkeypatch: pytest.MonkeyPatch, gain: bool, gate: bool
) -> None:
    """The audio is amplified, and the agent's own voice is removed from it, unless the settings say otherwise."""
    async with staged(monkeypatch, echo_gate=gate, auto_gain_control=gain) as stage:
        options = stage.call._room_options().get_audio_input_options()
        await talks(stage)
        kinds = [type(each) for each in chain_of(stage.session.input.audio)]

    assert options is not None
    assert not options.auto_gain_control
    assert (GainInput in kinds, EchoGate in kinds, QuietInput in kinds) == (gain, gate, True)
