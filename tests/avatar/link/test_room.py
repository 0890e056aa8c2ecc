"""Events of the room: who is in it, whether the avatar is heard, and who is unsubscribed from its sound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from livekit import api, rtc
from livekit.rtc._proto import track_pb2 as proto_track

from avatar.core import AvatarMachine, MuteAvatar
from avatar.link.driver import Driver
from avatar.link.room import AvatarSubscriptions, RoomServer, RoomWatch
from avatar.link.sound import AvatarSound
from tests.avatar.virtual_room import VirtualRoom

pytestmark = pytest.mark.looptime

Fact = tuple[str, object]

CONNECTED = rtc.ConnectionState.CONN_CONNECTED
RECONNECTING = rtc.ConnectionState.CONN_RECONNECTING


class Noting(AvatarMachine):
    """A machine that notes the facts about the room, and whose playback is set by the test."""

    def __init__(self) -> None:
        super().__init__("la", asyncio.get_running_loop().time(), identity="face", sees_room=True)
        self.facts: list[Fact] = []
        self.plays = True

    def avatar_sounds(self, now: float) -> bool:
        return self.plays

    def room_changed(self, now: float, *, is_there: bool) -> None:
        self.facts.append(("is there", is_there))
        super().room_changed(now, is_there=is_there)

    def avatar_joined(self, identity: str, now: float) -> None:
        self.facts.append(("joined", identity))
        super().avatar_joined(identity, now)

    def avatar_left(self, identity: str, now: float) -> None:
        self.facts.append(("left", identity))
        super().avatar_left(identity, now)

    def avatar_unheard(self, since: float, now: float) -> None:
        self.facts.append(("unheard since", round(since, 1)))
        super().avatar_unheard(since, now)

    def avatar_muted(self, identity: str, now: float, *, done: bool) -> None:
        self.facts.append(("muted", done))
        super().avatar_muted(identity, now, done=done)


def driver_of(machine: AvatarMachine) -> Driver:
    """Return a driver that carries nothing out."""
    driver = Driver(machine, lambda _: None, lambda _: None)
    driver.carry_on()
    return driver


# Participants


@asynccontextmanager
async def watched(room: VirtualRoom) -> AsyncIterator[Noting]:
    """Yield a machine that gets the events of a room."""
    machine = Noting()
    watch = RoomWatch(driver_of(machine), room, AvatarSound(room, lambda identity: identity == "face"))
    watch.start()
    yield machine
    await watch.aclose(1.0)


def about_people(machine: Noting) -> list[Fact]:
    """Return the reported joins and leaves."""
    return [fact for fact in machine.facts if fact[0] in {"joined", "left"}]


async def test_participants_already_in_the_room_are_reported() -> None:
    """A participant may have joined before the watch began."""
    room = VirtualRoom()
    room.come("face")
    async with watched(room) as machine:
        assert machine.facts == [("joined", "face"), ("is there", True)]


async def test_each_join_and_leave_is_reported_once() -> None:
    """Other participants are reported too: the machine knows its avatars."""
    room = VirtualRoom()
    async with watched(room) as machine:
        room.come("face")
        room.come("caller")
        room.leave("face")

        assert about_people(machine) == [("joined", "face"), ("joined", "caller"), ("left", "face")]


async def test_no_leave_is_reported_while_the_agent_is_disconnected() -> None:
    """Participants who left meanwhile are reported after the reconnect."""
    room = VirtualRoom()
    async with watched(room) as machine:
        room.come("face")
        room.come("caller")
        room.connection(RECONNECTING)
        room._remote_participants.clear()
        room.emit("participant_disconnected", SimpleNamespace(identity="face"))
        assert about_people(machine) == [("joined", "face"), ("joined", "caller")]
        assert machine.facts[-1] == ("is there", False)

        room.come("caller")
        room.connection(CONNECTED)

        assert about_people(machine)[2:] == [("left", "face")]
        assert ("is there", True) in machine.facts[-2:]


async def test_after_the_end_nothing_is_reported() -> None:
    """The room outlives the avatar."""
    room = VirtualRoom()
    async with watched(room) as machine:
        pass
    before = list(machine.facts)
    room.come("face")
    await asyncio.sleep(10.0)

    assert machine.facts == before


# The avatar's sound


class Track(rtc.RemoteAudioTrack):
    """A subscribed track whose energy is set by a test.

    Attributes:
        energy: Energy of all sound that has arrived; an exception is raised, and None hangs.
        looks: How often the energy was read.
    """

    def __init__(self) -> None:
        self._info = proto_track.TrackInfo(sid="TR_sound")
        self.energy: float | Exception | None = 0.5
        self.looks = 0

    async def get_stats(self) -> list[Any]:
        self.looks += 1
        if self.energy is None:
            await asyncio.Event().wait()
        if isinstance(self.energy, Exception):
            raise self.energy
        inbound = SimpleNamespace(total_audio_energy=self.energy)
        return [SimpleNamespace(inbound_rtp=SimpleNamespace(inbound=inbound))]


def speaks(room: VirtualRoom, *identities: str) -> None:
    """Let the server report the active speakers."""
    room.emit("active_speakers_changed", [SimpleNamespace(identity=identity) for identity in identities])


def unheard(machine: Noting) -> list[object]:
    """Return the time of the last sound in each report of silence."""
    return [since for fact, since in machine.facts if fact == "unheard since"]


async def test_an_avatar_that_falls_silent_is_reported() -> None:
    """An avatar that claims to speak is reported after 3 s without sound and without a report of its voice."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(1.7)
        speaks(room)
        await asyncio.sleep(5.0)

        assert unheard(machine) == [1.5]


async def test_the_energy_is_not_read_while_the_server_reports_speech() -> None:
    """The server's reports are enough."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(10.0)

        assert (unheard(machine), track.looks) == ([], 0)


async def test_the_energy_of_a_quiet_avatar_is_read() -> None:
    """The server's threshold is for the loudness of a conversation; the sound itself decides."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(1.0)
        speaks(room)
        for _ in range(40):
            await asyncio.sleep(0.25)
            assert isinstance(track.energy, float)
            track.energy += 0.01

        assert unheard(machine) == []
        assert track.looks > 0


async def test_the_energy_of_an_idle_avatar_is_not_read() -> None:
    """The silence of an idle avatar means nothing."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(1.0)
        speaks(room)
        machine.plays = False
        await asyncio.sleep(10.0)

        assert (unheard(machine), track.looks) == ([], 0)


@pytest.mark.parametrize("tracks", [(), (None,)], ids=["none", "not subscribed to"])
async def test_without_a_track_silence_is_not_reported(tracks: tuple[None, ...]) -> None:
    """The agent may not be subscribed to the track."""
    room = VirtualRoom()
    room.come("face", *tracks)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(1.0)
        speaks(room)
        await asyncio.sleep(10.0)

        assert unheard(machine) == []


async def test_an_avatar_that_the_server_never_reported_is_not_reported_as_silent() -> None:
    """The avatar's track may not send its audio level to the server."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        await asyncio.sleep(10.0)

        assert (unheard(machine), track.looks) == ([], 0)


@pytest.mark.parametrize("energy", [RuntimeError("the engine is closed"), None], ids=["fails", "hangs"])
async def test_unreadable_statistics_are_read_again(energy: Exception | None) -> None:
    """Reading takes 2 s at most, and reports nothing when it fails."""
    room, track = VirtualRoom(), Track()
    room.come("face", track)
    async with watched(room) as machine:
        speaks(room, "face")
        await asyncio.sleep(1.0)
        speaks(room)
        track.energy = energy
        await asyncio.sleep(20.0)
        assert unheard(machine) == []
        assert track.looks >= 4
        track.energy = 0.5
        await asyncio.sleep(8.0)

        assert len(unheard(machine)) >= 1


# Subscriptions to the avatar's sound


class Server:
    """The room's server: notes its requests, and answers as scripted.

    Attributes:
        asked: Each change: the participant, the tracks, and whether they are subscribed to.
        fails: The error that changes of a participant raise; None hangs.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str], bool]] = []
        self.fails: dict[str, Exception | None] = {}
        self.timeout = aiohttp.ClientTimeout()

    @asynccontextmanager
    async def post(self, url: str, *, data: bytes, **_: object) -> AsyncIterator[SimpleNamespace]:
        change = api.UpdateSubscriptionsRequest.FromString(data)
        self.asked.append((change.identity, list(change.track_sids), change.subscribe))
        if change.identity in self.fails:
            failure = self.fails[change.identity]
            if failure is None:
                await asyncio.Event().wait()
            assert failure is not None
            raise failure
        answer = api.UpdateSubscriptionsResponse().SerializeToString()

        async def read() -> bytes:
            return answer

        yield SimpleNamespace(status=200, read=read)


@asynccontextmanager
async def muting(room: VirtualRoom) -> AsyncIterator[tuple[AvatarSubscriptions, Server, Noting]]:
    """Yield the executor that unsubscribes other participants from an avatar's sound."""
    machine, server = Noting(), Server()
    keys = RoomServer("ws://127.0.0.1:1", "devkey", "a-secret-of-more-than-thirty-two-characters")
    executor = AvatarSubscriptions(driver_of(machine), room, keys, cast("aiohttp.ClientSession", server))
    yield executor, server, machine
    await executor.aclose(1.0)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]


def full_room() -> VirtualRoom:
    """Return a room with an avatar, its sound, and two participants who hear it."""
    room = VirtualRoom()
    room.come("face", None)
    room.come("caller")
    room.come("listener")
    return room


@pytest.mark.parametrize("muted", [True, False])
async def test_other_participants_lose_an_avatars_sound_and_get_it_back(muted: bool) -> None:
    """The others keep the avatar's picture."""
    async with muting(full_room()) as (executor, server, machine):
        executor.apply(MuteAvatar("face", muted))
        await asyncio.sleep(0.1)

        assert sorted(server.asked) == [(who, ["TR_sound_0"], not muted) for who in ("caller", "listener")]
        assert machine.facts == [("muted", True)]


@pytest.mark.parametrize(
    ("failure", "within"),
    [(aiohttp.ClientConnectionError("no route"), 0.1), (OSError("no route"), 0.1), (None, 3.1)],
    ids=["no connection", "no network", "hangs"],
)
async def test_a_participant_who_still_hears_the_avatar_is_a_failure(failure: Exception | None, within: float) -> None:
    """A change takes 3 s at most."""
    async with muting(full_room()) as (executor, server, machine):
        server.fails["caller"] = failure
        executor.apply(MuteAvatar("face", muted=True))
        await asyncio.sleep(within)

        assert machine.facts == [("muted", False)]


async def test_a_participant_who_has_left_hears_nothing() -> None:
    """The server does not know the participant any more, which is not a failure."""
    room = full_room()
    async with muting(room) as (executor, server, machine):
        server.fails["caller"] = None
        executor.apply(MuteAvatar("face", muted=True))
        await asyncio.sleep(1.0)
        room.leave("caller")
        await asyncio.sleep(2.1)

        assert machine.facts == [("muted", True)]


async def test_an_avatar_that_is_not_in_the_room_is_not_heard() -> None:
    """The server needs no request."""
    room = full_room()
    room.leave("face")
    async with muting(room) as (executor, server, machine):
        executor.apply(MuteAvatar("face", muted=True))
        await asyncio.sleep(0.1)

        assert server.asked == []
        assert machine.facts == [("muted", True)]


async def test_an_unexpected_error_is_an_answer_too() -> None:
    """The machine does not wait for an executor that has failed."""
    async with muting(full_room()) as (executor, server, machine):
        server.fails["caller"] = LookupError("a mistake")
        executor.apply(MuteAvatar("face", muted=True))
        await asyncio.sleep(0.1)

        assert machine.facts == [("muted", False)]
