"""The service's observed behaviour against a whole avatar session: one test for each habit.

`simulators.liveavatar.model.Habits` has the facts. Seconds are virtual here: each wait is as long as a caller's would
be.
"""

from dataclasses import replace
from typing import Any, Literal

import pytest
from livekit.api import AccessToken, VideoGrants

from avatar import AvatarError, AvatarReason, CapacityError, ServiceError
from simulators.liveavatar.model import Habits
from tests.avatar.virtual_call import FALLBACK, VirtualCall, virtual_call

pytestmark = pytest.mark.looptime

FACE = "liveavatar-avatar-agent"

ONE_SLOT = Habits(concurrency=1, token_takes=0.1, start_takes=0.2, stop_takes=0.1)


async def assert_says_all(call: VirtualCall, length: float = 3.0) -> None:
    """Say something, and check that it was heard once, to its end, from one speaker."""
    before = len(call.heard())
    await call.say(length)
    assert not (await call.played()).interrupted
    assert call.heard()[before:] == bytes(call.captured[before:])


async def test_a_call_works_with_all_observed_habits() -> None:
    """With every habit as observed, one session says everything, and is stopped once."""
    async with virtual_call() as call:
        await assert_says_all(call)
        await assert_says_all(call)

    assert call.speakers() == [FACE]
    assert [len(call.http.called(name)) for name in ("token", "start", "stop")] == [1, 1, 1]


# The room token


@pytest.mark.parametrize("missing", ["can_publish_data", "can_subscribe", "can_publish", "room_join"])
async def test_a_room_token_without_a_grant_is_refused_with_its_name(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the grant in the service's words; our own tokens have all four."""
    grants: dict[str, Any] = {
        "room_join": True,
        "can_publish": True,
        "can_subscribe": True,
        "can_publish_data": True,
        missing: False,
    }

    def mint(**_: str) -> str:
        token = AccessToken("devkey", "a-secret-of-more-than-thirty-two-characters").with_identity("face")
        return token.with_grants(VideoGrants(room="a-room", **grants)).to_jwt()

    async with virtual_call():
        pass
    monkeypatch.setattr("avatar.link.sources.mint_room_token", mint)
    with pytest.raises(ServiceError, match="needs to grant"):
        async with virtual_call():
            pass


# Slow beginnings


@pytest.mark.parametrize("starts_after", [2.97, 5.0])
async def test_a_cold_first_speech_is_waited_for(starts_after: float) -> None:
    """The first speech of a session may begin seconds late: it is heard once, from the first session."""
    async with virtual_call(Habits(first_speech_starts_after=starts_after)) as call:
        await assert_says_all(call)

    assert call.speakers() == [FACE]
    assert len(call.http.called("start")) == 1


@pytest.mark.parametrize("connected_after", [5.6, None])
async def test_connected_may_come_late_or_never(connected_after: float | None) -> None:
    """Speech is sent within 3 s of the open socket, on the one socket of the one session."""
    async with virtual_call(Habits(connected_after=connected_after)) as call:
        started_at = call.now
        await assert_says_all(call)

    assert call.http.sent("agent.speak")[0]["at"] - started_at < 3.0
    assert len(call.http.sockets) == len(call.http.called("start")) == 1


@pytest.mark.parametrize("connected_after", [0.8, None])
async def test_an_avatar_that_joins_late_is_waited_for(connected_after: float | None) -> None:
    """Without `connected`, the avatar's join is the signal; speech that is sent earlier is lost at the service."""
    habits = Habits(
        joins_after=4.0, ready_after=4.0, connected_after=connected_after and 4.0, loses_speech_before_joined=True
    )
    async with virtual_call(habits) as call:
        await assert_says_all(call)

    assert len(call.http.sockets) == len(call.http.called("start")) == 1


@pytest.mark.parametrize("takes", [15.0, 28.0])
async def test_a_slow_start_is_used(takes: float) -> None:
    """A start that is answered late is neither given up nor repeated: its session speaks."""
    async with virtual_call(Habits(start_takes=takes)) as call:
        await assert_says_all(call)
        assert call.http.called("stop") == []

    assert len(call.http.called("start")) == 1


async def test_a_start_that_hangs_is_stopped_before_the_next() -> None:
    """After 30 s without an answer the session is stopped, since it may run; then another one is requested."""
    async with virtual_call(required=False) as call:
        call.http.hangs.add("start")
        await call.until(lambda: bool(call.http.called("start")))
        call.http.hangs.clear()
        await call.is_live()

    _, again = call.http.called("start")
    assert call.http.called("stop")[0] < again
    assert [session.state for session in call.model.sessions] == ["ended", "ended"]


# Lost sockets and lost speech


@pytest.mark.parametrize("keeps_queue", [True, False])
async def test_speech_continues_on_a_second_socket_without_connected(keeps_queue: bool) -> None:
    """The rest is sent within 2 s of the drop, after an interrupt, on the second socket of the same session."""
    async with virtual_call(Habits(keeps_queue=keeps_queue)) as call:
        await call.say(8.0)
        await call.until(lambda: len(call.heard()) > 2 * 48_000)
        dropped_at = call.now
        call.http.lose_socket()
        assert not (await call.played()).interrupted
        again = [frame for frame in call.http.frames if frame["socket"] == call.http.sockets[1]]

    assert [frame["type"] for frame in again][:2] == ["agent.interrupt", "agent.speak"]
    assert again[1]["at"] - dropped_at < 2.0
    assert len(call.http.sockets) == 2
    assert len(call.http.called("start")) == 1
    assert call.heard()[-48_000:] == bytes(call.captured[-48_000:])


async def test_a_half_open_socket_costs_one_session() -> None:
    """Without an event, the speech is taken back and said by the next sink."""
    async with virtual_call() as call:
        await assert_says_all(call)
        call.http.lose_socket(told=False)
        await call.say(3.0)
        assert not (await call.played()).interrupted
        await call.until(lambda: len(call.http.called("start")) == 2)

    assert call.heard()[-48_000:] == bytes(call.captured[-48_000:])
    assert len(call.http.called("stop")) == 2


async def test_speech_without_an_answer_is_said_by_the_next_session() -> None:
    """A session that takes speech and plays nothing is stopped; the next one says all of it."""
    async with virtual_call() as call:
        call.room.agent.may_publish.clear()  # no fallback track
        call.model.mute(call.model.sessions[0].id, call.now)
        await assert_says_all(call)

    assert call.speakers() == [f"{FACE}-2"]
    assert len(call.http.called("start")) == len(call.http.called("stop")) == 2


async def test_sessions_that_never_speak_increase_the_wait() -> None:
    """Each of them is billed: the waits before the next one grow, and the fallback track speaks."""
    async with virtual_call() as call:
        while len(call.http.called("start")) < 4:
            await call.is_live()
            call.model.mute(call.model.sessions[-1].id, call.now)
            await call.say(1.0)
            assert not (await call.played()).interrupted
            await call.until(lambda: call.model.sessions[-1].state in {"created", "connected"})
        waits = [
            start - stop for stop, start in zip(call.http.called("stop"), call.http.called("token")[1:], strict=False)
        ]

    assert call.speakers() == [FALLBACK]
    assert waits[0] < 1.0 < waits[1] < waits[2]
    assert call.heard() == bytes(call.captured)


# Slots and credits


@pytest.mark.parametrize("code", [4032, 4003])
@pytest.mark.parametrize("freed_after", [0.0, 1.0, 2.5, 6.0])
async def test_with_one_slot_the_avatar_is_back_soon_after_it_is_free(code: int, freed_after: float) -> None:
    """Our own stop frees the slot after a while: it is requested about twice a second, whatever code refuses it."""
    habits = replace(ONE_SLOT, concurrency_code=code, slot_freed_after=freed_after)
    async with virtual_call(habits) as call:
        await call.is_live()
        ended_at = call.now
        call.http.end_session()
        await call.until(lambda: not call.avatar.is_live)
        back_at = await call.is_live()
        starts = len(call.http.called("start"))
        reasons = [status.reason for status in call.statuses if not status.is_live]
        assert reasons in ([AvatarReason.LOST], [AvatarReason.LOST, AvatarReason.BUSY])

    assert back_at - ended_at - freed_after < 2.5
    assert starts <= 3 + 2 * freed_after


async def test_with_one_slot_no_successor_is_requested_while_a_session_runs() -> None:
    """The first refusal reveals the limit: the fallback track bridges the gaps, and nothing is lost."""
    habits = replace(ONE_SLOT, slot_freed_after=1.0, max_duration=20)
    async with virtual_call(habits) as call:
        for _ in range(20):
            await assert_says_all(call)
        ran = [(each.started_at, each.ended_at or call.now) for each in call.model.sessions if each.started_at]
        beside = [at for at in call.http.called("start") if any(begin < at < end for begin, end in ran)]

    assert FALLBACK in call.speakers()
    assert len(ran) >= 4
    assert len(beside) == 1


@pytest.mark.parametrize("code", [4033, 4007])
async def test_an_account_without_credits_gets_no_further_request(code: int) -> None:
    """The reason is reported once, and the fallback track speaks."""
    lost: list[AvatarError] = []
    async with virtual_call(Habits(credits=0.0, no_credits_code=code), required=False) as call:
        call.avatar.on("avatar_lost", lost.append)
        await assert_says_all(call)
        assert call.avatar.status.reason is AvatarReason.UNAVAILABLE

    assert len(call.http.called("start")) == 1
    assert [type(error) for error in lost] == [CapacityError]
    assert call.speakers() == [FALLBACK]


# The limit of a session


async def test_speech_that_is_cut_at_the_paid_limit_is_said_again() -> None:
    """The service reports the end far too early by the clock: the next session says the rest."""
    async with virtual_call() as call:
        await assert_says_all(call)
        conversation = call.model.sessions[0].conversation
        assert conversation is not None
        conversation.player.limit(now=call.now)
        call.http.pump()
        await call.say(4.7)
        event = await call.played()

    assert (event.playback_position, event.interrupted) == (4.7, False)
    assert len(call.http.called("start")) == 2
    assert call.heard()[-4 * 48_000 :] == bytes(call.captured[-4 * 48_000 :])


@pytest.mark.parametrize("paid_limit", ["cuts_speech", "ends"])
@pytest.mark.parametrize("stop_takes", [0.3, 1.5])
async def test_a_speech_over_the_end_of_a_session_is_heard_from_one_avatar_at_a_time(
    paid_limit: Literal["cuts_speech", "ends"], stop_takes: float
) -> None:
    """The first session is interrupted before it is left, so it is silent before the next one speaks."""
    habits = Habits(max_duration=20, paid_limit=paid_limit, stop_takes=stop_takes)
    async with virtual_call(habits) as call:
        await call.say(30.0)
        event = await call.played()
        first, second = call.http.sockets[:2]
        last_of_first = [frame for frame in call.http.frames if frame["socket"] == first][-1]
        first_of_second = next(frame for frame in call.http.frames if frame["socket"] == second)

    assert (event.playback_position, event.interrupted) == (30.0, False)
    assert call.speakers()[:2] == [FACE, f"{FACE}-2"]
    assert call.overlap() == 0.0
    assert last_of_first["type"] == "agent.interrupt"
    assert last_of_first["at"] <= first_of_second["at"]
    assert call.http.called("stop")[0] >= last_of_first["at"]
