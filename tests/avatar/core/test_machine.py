"""Scenes of a call, one by one: what goes wrong elsewhere, and what the machine does."""

import itertools
import json
from typing import Any

import pytest

from avatar.core import (
    AvatarGone,
    AvatarMachine,
    AvatarReason,
    EventKind,
    Interrupt,
    KeepAlive,
    MuteAvatar,
    OpenSocket,
    PlaybackFinished,
    PlaybackStarted,
    PublishFallback,
    Refusal,
    ServiceFault,
    SessionLeft,
    SessionRefused,
    Sink,
    SinkChanged,
    Speak,
    SpeakEnd,
    SpeechSent,
    StartListening,
    StartSession,
    StatusChanged,
    StopListening,
    StopSession,
    UnpublishFallback,
    Word,
)
from avatar.core.chunking import Chunking
from simulators.liveavatar.model import DIALECTS, FULL, Dialect, Habits
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.world import World

EVERY_DIALECT = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


def ready(dialect: Dialect = FULL, *, wire: float = 0.0, **options: Any) -> World:
    """A world whose avatar takes commands, and begins to speak after 0.2 s."""
    habits = options.pop("habits", {})
    made = Habits.fast(dialect=dialect, speech_starts_after=0.2, first_speech_starts_after=0.2, **habits)
    world = World(habits=made, wire=wire, **options)
    world.run_until(lambda: world.is_live)
    return world


def seen(**habits: Any) -> World:
    """A world with the service as it was seen to behave, but for the given habits."""
    return World(habits=Habits(**habits))


def positions(world: World) -> list[float]:
    """Where the interrupted segments were interrupted."""
    return [event.position for event in world.finished if event.interrupted]


def chunks(world: World) -> list[bytes]:
    """The audio that was sent, chunk by chunk."""
    return [sent.command.audio for sent in world.sent if isinstance(sent.command, Speak)]


def sinks(world: World) -> list[Sink]:
    """Who got the floor, in order."""
    return [event.sink for event in world.events if isinstance(event, SinkChanged)]


def whole(*positions: float) -> list[PlaybackFinished]:
    """Segments that were played to their ends."""
    return [PlaybackFinished(number, position, interrupted=False) for number, position in enumerate(positions, 1)]


# Seconds that an avatar is heard after its socket was lost, until it is muted for the fallback track.
MUTED_AFTER = 0.85


def assert_said(heard: bytes, captured: bytes, *, twice: float = 0.0) -> None:
    """Check that all of it was heard once, but for so many seconds; a cut may move a sample or two."""
    assert len(heard) == pytest.approx(len(captured) + twice * BYTES_PER_SECOND, abs=8)
    half = BYTES_PER_SECOND // 2
    assert (heard[:half], heard[-half:]) == (captured[:half], captured[-half:])


# Speech


@EVERY_DIALECT
def test_the_position_is_what_was_played_not_what_was_sent(dialect: Dialect) -> None:
    """A barge-in 0.3 s into an answer of which more was sent reports 0.3 s."""
    world = ready(dialect)
    world.say(6.0)
    world.flush()
    world.run(0.5)
    world.interrupt()

    assert positions(world) == [pytest.approx(0.3, abs=1e-3)]
    assert sum(map(len, chunks(world))) > 0.8 * BYTES_PER_SECOND


@EVERY_DIALECT
def test_a_barge_in_before_the_avatar_talks_is_sent(dialect: Dialect) -> None:
    """Audio that was sent is interrupted, also before the service says that it speaks."""
    world = ready(dialect)
    world.say(1.0)
    world.run(0.1)
    world.flush()
    world.interrupt()
    world.run(1.0)

    assert len(world.sent_of(Interrupt)) == 1
    assert world.sent_of(SpeakEnd) == []
    assert world.heard() == b""


def test_nothing_to_interrupt_sends_nothing() -> None:
    """Clearing before a byte has left, or after the end was played, sends no interrupt."""
    world = ready()
    world.interrupt()
    world.say(0.1)
    world.interrupt()
    world.say(1.0)
    world.flush()
    world.settle()
    world.interrupt()
    world.run(1.0)

    assert world.sent_of(Interrupt) == []
    assert [event.interrupted for event in world.finished] == [True, False]


@EVERY_DIALECT
def test_starvation_in_mid_segment_is_not_the_end(dialect: Dialect) -> None:
    """An avatar that falls silent for want of audio goes on when there is more, and the segment with it."""
    world = ready(dialect)
    world.say(1.0)
    world.run(5.0)
    assert world.finished == []

    world.say(1.0)
    world.flush()
    world.settle()

    assert world.finished == whole(2.0)
    assert world.heard() == bytes(world.captured[0])


@EVERY_DIALECT
def test_segments_that_follow_at_once_are_finished_one_by_one(dialect: Dialect) -> None:
    """Two segments captured back to back have two ends, each when it was played."""
    world = ready(dialect)
    for _ in range(2):
        world.say(1.0)
        world.flush()
    world.settle()

    assert world.finished == whole(1.0, 1.0)
    assert world.heard() == b"".join(world.captured)


@EVERY_DIALECT
def test_a_pause_resumes_where_it_was(dialect: Dialect) -> None:
    """Pause silences the avatar, resume says the rest: nothing is lost, nothing said twice."""
    world = ready(dialect)
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.do("pause")
    world.run(2.0)
    assert len(world.heard()) == BYTES_PER_SECOND

    world.do("resume")
    world.settle()

    assert world.finished == whole(3.0)
    assert_said(world.heard(), bytes(world.captured[0]))


@EVERY_DIALECT
def test_a_pause_in_a_word_resumes_at_its_start(dialect: Dialect) -> None:
    """Where text to speech times the words, the cut word is said again, and nothing before it."""
    world = ready(dialect)
    world.say(2.0, [Word(0.0, 0.9), Word(0.9, 1.4), Word(1.4, 2.0)])
    world.flush()
    world.run(1.4)
    world.do("pause")
    world.run(0.0)
    said = len(chunks(world))
    world.do("resume")
    world.run(2.0)

    again = b"".join(chunks(world)[said:])
    assert again == bytes(world.captured[0][round(0.9 * 24_000) * 2 :])
    assert world.finished == whole(2.0)


def test_a_pause_before_the_first_frame_holds_everything() -> None:
    """Nothing leaves until resume, and then all of it."""
    world = ready()
    world.do("pause")
    world.say(1.0)
    world.flush()
    world.run(30.0)
    assert world.sent == []

    world.do("resume")
    world.settle()

    assert world.heard() == bytes(world.captured[0])


def test_an_interruption_after_a_pause_reports_the_paused_position() -> None:
    """Speech that was silenced and then dropped was heard up to the pause."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.do("pause")
    world.run(1.0)
    world.interrupt()
    world.do("resume")
    world.run(1.0)

    assert positions(world) == [pytest.approx(1.0, abs=1e-3)]
    assert len(world.sent_of(Interrupt)) == 1


@EVERY_DIALECT
def test_late_events_of_a_dropped_utterance_change_nothing(dialect: Dialect) -> None:
    """On a slow wire the old utterance's events arrive during the next one, which is played in full all the same."""
    world = ready(dialect, wire=0.3)
    world.say(2.0)
    world.flush()
    world.run(1.6)
    world.interrupt()
    world.say(2.0)
    world.flush()
    world.settle()

    assert [event.interrupted for event in world.finished] == [True, False]
    assert world.finished[1].position == 2.0


def test_a_storm_of_barge_ins_hangs_nothing() -> None:
    """Fifty interruptions in twenty seconds leave fifty finished segments, and a fifty-first that is heard."""
    world = ready(wire=0.1)
    for _ in range(50):
        world.say(0.6)
        world.run(0.4)
        world.interrupt()
    world.say(1.0)
    world.flush()
    world.settle()

    assert len(world.finished) == 51
    assert world.finished[-1] == PlaybackFinished(51, 1.0, interrupted=False)


def test_an_event_of_another_utterance_ends_nothing() -> None:
    """A service that echoes our ids means another utterance by another id."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.do("receive_text", 1, '{"type":"agent.speak_ended","source_event_id":"of-another-session"}')
    world.run(0.5)

    assert world.finished == []


def test_playback_starts_and_is_sent_once_for_a_segment() -> None:
    """A pause in between neither starts nor sends the segment again, as far as the framework is told."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.do("pause")
    world.do("resume")
    world.settle()

    news = [type(event) for event in world.events if isinstance(event, SpeechSent | PlaybackStarted)]
    assert news == [SpeechSent, PlaybackStarted]


# Upload


def test_chunks_keep_a_real_time_source_ahead_of_the_avatar() -> None:
    """With speech that comes in real time, the first chunk is early and the avatar never runs dry."""
    world = ready()
    for _ in range(200):
        world.say(0.02)
        world.run(0.02)
    world.flush()
    world.settle()

    assert len(chunks(world)[0]) == pytest.approx(0.4 * BYTES_PER_SECOND, abs=0.021 * BYTES_PER_SECOND)
    assert len(world.progressed) == 1


def test_the_upload_is_paced() -> None:
    """An answer that is there at once leaves in chunks of 0.4 s, 0.24 s apart, and never 4.5 s ahead of playback."""
    world = ready()
    world.say(30.0)
    world.flush()
    world.settle()
    sent = [(each.at, len(each.command.audio) / BYTES_PER_SECOND) for each in world.sent_of(Speak)]  # type: ignore[union-attr]
    started_at = next(event.at for event in world.events if isinstance(event, PlaybackStarted))

    assert all(seconds <= 0.4 for _, seconds in sent)
    for (at, seconds), (after, _) in itertools.pairwise(sent):
        assert after - at >= 0.6 * seconds - 1e-6
    total = 0.0
    for at, seconds in sent:
        total += seconds
        assert total - max(0.0, at - started_at) <= 4.5 + 0.2
    assert len(world.progressed) == 1


def test_chunk_sizes_are_checked() -> None:
    """A chunk above the service's limit is a mistake of the caller, and so is half a sample."""
    with pytest.raises(ValueError, match="chunk sizes"):
        Chunking(largest=20.0)
    with pytest.raises(ValueError, match="3 bytes"):
        AvatarMachine("t", 0.0).push_audio(b"abc", 0.0)


def test_most_frames_ask_for_nothing() -> None:
    """A frame that makes no chunk due is only stored."""
    world = ready()
    world.say(3.0)
    world.run(2.0)
    asked = 0
    for _ in range(100):
        world.run(0.02)
        if world.machine.push_audio(world.samples(480), world.now):
            asked += 1
            world.run(0.0)

    assert asked <= 100 * 0.02 / 0.4 * 3


# Sessions


def test_a_first_speech_that_begins_late_is_waited_for() -> None:
    """A cold session's first sound comes after 3 s (44): one session, all heard."""
    world = seen(first_speech_starts_after=3.5)
    world.say(2.0)
    world.flush()
    world.settle()

    assert world.finished == whole(2.0)
    assert len(world.done(StartSession)) == 1
    assert world.heard() == bytes(world.captured[0])


@pytest.mark.parametrize("connected_after", [5.6, None])
def test_a_session_that_never_says_connected_speaks_all_the_same(connected_after: float | None) -> None:
    """`connected` comes late or never (32, 35): speech leaves within 3 s of the open socket, on one socket."""
    world = seen(connected_after=connected_after)
    world.say(1.0)
    world.flush()
    world.run_until(lambda: bool(world.sent_of(Speak)))
    opened_at = next(at for at, _ in world.done(OpenSocket)) + world.habits.socket_takes
    world.settle()

    assert world.sent_of(Speak)[0].at - opened_at <= 3.0
    assert len(world.done(OpenSocket)) == len(world.done(StartSession)) == 1
    assert world.finished == whole(1.0)


def test_speech_goes_on_within_two_seconds_of_a_dropped_socket() -> None:
    """A later socket is not told `connected` (36): the rest is said there, after an interrupt, in the same session."""
    world = seen()
    world.say(4.0)
    world.flush()
    world.run_until(lambda: world.machine.played(world.now) > 1.0)
    world.drop_socket()
    dropped_at = world.now
    before = len(world.sent)
    world.run_until(lambda: len(world.sent) > before + 1)
    first, second = world.sent[before : before + 2]
    world.settle()

    assert (type(first.command), type(second.command)) == (Interrupt, Speak)
    assert second.at - dropped_at < 2.0
    assert world.finished == whole(4.0)
    assert len(world.done(StartSession)) == 1


def test_a_start_that_is_answered_late_is_used() -> None:
    """`/start` answered after 15 s has worked (3): the fallback track speaks meanwhile, no second session starts."""
    world = seen(start_takes=15.0)
    world.run(8.0)
    world.say(1.0)
    world.flush()
    world.settle()
    world.run_until(lambda: world.is_live)

    assert len(world.done(StartSession)) == 1
    assert sinks(world) == [Sink.FALLBACK, Sink.AVATAR]


def test_a_start_without_an_answer_is_stopped_before_the_next() -> None:
    """The session may run all the same: it is stopped for sure, and only then another one is asked for."""
    world = seen(start_takes=50.0)
    world.run_until(lambda: len(world.done(StartSession)) == 2, limit=60.0)
    first_stop = world.done(StopSession)[0][0]
    second_start = world.done(StartSession)[1][0]
    world.do("close")
    world.run(90.0)

    assert first_stop < second_start
    assert world.service.running(world.now) == []


@pytest.mark.parametrize("code", [4032, 4003])
def test_the_face_is_back_soon_after_its_slot_is_free(code: int) -> None:
    """One slot, free 2.5 s after a stop (62, 63): it is asked for twice a second, and remembered."""
    world = seen(concurrency=1, concurrency_code=code)
    world.run_until(lambda: world.is_live)
    current = world.machine.current
    assert current is not None
    assert current.session_id is not None
    world.service.end(current.session_id, "SERVER_ERROR", world.now)
    world.run_until(lambda: not world.is_live)
    lost_at = world.now
    world.run_until(lambda: world.is_live)
    habits = world.habits
    start = habits.token_takes + habits.start_takes + habits.connected_after + habits.socket_takes  # type: ignore[operator]

    assert world.now - lost_at - habits.slot_freed_after - start < 2.5
    assert world.machine._sessions._purchases.slots == 1


def test_with_one_slot_the_successor_waits_for_the_stop() -> None:
    """Once it is known that the account has one slot, a session is left between segments before the next one starts."""
    world = seen(concurrency=1, max_duration=60)
    world.run_until(lambda: world.is_live)
    world.run(90.0)
    refused = [event for event in world.events if isinstance(event, SessionRefused)]
    world.run(300.0)
    later = [event for event in world.events if isinstance(event, SessionRefused)][len(refused) :]

    assert Refusal.NO_SLOT in [event.refusal for event in refused]
    # Each change asks until the slot is free, and never beside a running session.
    assert len(later) <= 5 * 6
    assert world.overlap() == 0


def test_no_credits_are_told_and_end_the_attempts() -> None:
    """Code 4033 (64) is a balance, not a key: a fixed sentence for callers, the detail for operators."""
    world = seen(credits=0.0)
    world.run(30.0)
    gone = [event for event in world.events if isinstance(event, AvatarGone)]
    status = [event.status for event in world.events if isinstance(event, StatusChanged)][-1]

    assert [event.refusal for event in gone] == [Refusal.NO_CREDITS]
    assert status.reason is AvatarReason.UNAVAILABLE
    assert "4033" in status.detail
    assert len(world.done(StartSession)) == 1


def test_an_end_far_before_the_clock_is_a_cut() -> None:
    """A paid session at its limit plays 0.37 s and reports the end (69): the next session says it again."""
    world = World(habits=Habits(max_duration=20), tells_duration=False)
    world.run(25.0)
    world.say(4.7)
    world.flush()
    world.settle()

    assert world.finished == whole(4.7)
    assert len(world.done(StartSession)) == 2
    assert len(world.heard()) >= len(world.captured[0])
    assert world.heard().endswith(bytes(world.captured[0])[-BYTES_PER_SECOND:])


def test_a_session_that_does_not_play_is_stopped_and_counted() -> None:
    """Speech that is not answered within 6 s is said by the fallback track, and the next session."""
    world = seen()
    world.run_until(lambda: world.is_live)
    world.service.mute(world.service.sessions[0].id, world.now)
    world.say(1.0)
    world.flush()
    world.settle()
    left = [event for event in world.events if isinstance(event, SessionLeft)]

    assert [event.detail for event in left] == ["the avatar does not play what it was sent"]
    assert left[0].failed
    assert world.finished == whole(1.0)
    assert world.heard() == bytes(world.captured[0])


def test_a_session_is_relieved_before_its_end_without_a_gap() -> None:
    """Its successor is ready 15 s before; the change is between two segments, and the old one is stopped."""
    world = seen(max_duration=60)
    world.run_until(lambda: world.is_live)
    for _ in range(12):
        world.say(3.0)
        world.flush()
        world.run(5.0)
    stops = [at for at, _ in world.done(StopSession)]
    starts = [at for at, _ in world.done(StartSession)]

    assert [event.interrupted for event in world.finished] == [False] * 12
    assert sinks(world) == [Sink.AVATAR, Sink.AVATAR]
    assert starts[1] < stops[0]
    assert world.overlap() == 0
    assert world.heard() == b"".join(world.captured)


def test_a_speech_at_the_last_moment_changes_its_avatar_in_silence() -> None:
    """The old session is interrupted before the next one goes on: never are both heard."""
    world = seen(max_duration=60)
    world.run_until(lambda: world.is_live)
    world.run(20.0)
    world.say(60.0)
    world.flush()
    world.settle(limit=120.0)

    assert world.overlap() == 0
    assert world.finished == whole(60.0)
    assert [sent.session for sent in world.sent_of(Interrupt)] == [1]


def test_the_last_word_is_heard_before_the_stop() -> None:
    """A call that is closed right after the goodbye keeps its avatar for a second (45)."""
    world = ready()
    world.say(1.0)
    world.flush()
    world.settle()
    ended_at = world.event_times[world.events.index(world.finished[0])]
    world.do("close")
    world.run(10.0)

    assert world.done(StopSession)[0][0] - ended_at == pytest.approx(1.2, abs=0.05)
    assert world.machine.is_over


def test_released_and_engaged_again() -> None:
    """Without an avatar the fallback track speaks; an avatar that is wanted again gets the floor back."""
    world = ready()
    world.do("release", "nobody speaks")
    world.say(1.0)
    world.flush()
    world.settle()
    world.do("engage")
    world.run_until(lambda: world.is_live)
    world.say(1.0)
    world.flush()
    world.settle()

    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK, Sink.AVATAR]
    assert world.finished == whole(1.0, 1.0)
    assert len(world.done(PublishFallback)) == len(world.done(UnpublishFallback)) == 1


def test_an_avatar_that_does_not_come_is_given_up() -> None:
    """A session whose avatar is not in the room after 15 s is stopped, and another one is asked for."""
    world = seen(joins_after=1e9)
    world.run(25.0)

    left = [event.detail for event in world.events if isinstance(event, SessionLeft)]
    assert left == ["the avatar did not come into the room"]
    assert len(world.done(StartSession)) == 2


def test_a_room_that_is_gone_gets_no_other_avatar() -> None:
    """It would open the room again, be alone in it, and be billed."""
    world = ready()
    world.do("room_changed", is_there=False)
    world.service.end(world.service.sessions[0].id, "USER_DISCONNECTED", world.now)
    world.run(60.0)
    assert len(world.done(StartSession)) == 1

    world.do("room_changed", is_there=True)
    world.run(10.0)
    assert len(world.done(StartSession)) == 2


def test_the_session_of_a_hosted_room_is_never_replaced_and_stopped_last() -> None:
    """Its room would end with it: after a loss the fallback track goes on, and the stop comes with the end."""
    world = ready(replaceable=False)
    world.service.mute(world.service.sessions[0].id, world.now)
    world.say(1.0)
    world.flush()
    world.settle()
    world.do("release", "idle")
    world.run(60.0)
    assert world.done(StopSession) == []
    assert [event.refusal for event in world.events if isinstance(event, AvatarGone)] == [Refusal.ROOM_GONE]

    world.do("close")
    world.run(10.0)
    assert len(world.done(StopSession)) == len(world.done(StartSession)) == 1


def test_a_session_is_kept_alive_when_nothing_else_is_sent() -> None:
    """`session.keep_alive` leaves a minute after the last command."""
    world = ready()
    start = world.now
    world.run(125.0)

    kept = [(type(sent.command), round(sent.at - start)) for sent in world.sent]
    assert kept == [(KeepAlive, 60), (KeepAlive, 120)]


# The fallback track


def test_the_fallback_track_goes_on_where_the_avatar_was() -> None:
    """Half a second after the socket is lost it says the rest, once the avatar is muted."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.net_is_up = False
    world.drop_socket()
    world.settle()

    assert world.finished == whole(3.0)
    assert_said(world.heard(), bytes(world.captured[0]), twice=MUTED_AFTER)
    assert [action.muted for _, action in world.done(MuteAvatar)] == [True]  # type: ignore[union-attr]
    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK]


def test_an_avatar_that_was_muted_is_heard_again_before_it_speaks() -> None:
    """It gets the floor back between segments, and only when the others hear it."""
    world = ready(habits={"tells_connected_once": True})
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.net_is_up = False
    world.drop_socket()
    world.run(1.0)
    world.net_is_up = True
    world.settle()
    world.say(1.0)
    world.flush()
    world.settle()

    assert [action.muted for _, action in world.done(MuteAvatar)] == [True, False]  # type: ignore[union-attr]
    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK, Sink.AVATAR]
    assert world.overlap() == 0
    assert_said(world.heard(), b"".join(world.captured), twice=MUTED_AFTER)


def test_no_fallback_track_while_there_is_nothing_to_say() -> None:
    """A socket that is lost in silence is no reason to publish."""
    world = ready()
    world.net_is_up = False
    world.drop_socket()
    world.run(10.0)

    assert world.done(PublishFallback) == []


def test_speech_that_no_sink_takes_is_reported_as_not_heard() -> None:
    """After 18 s; what is captured then is reported at once, until there is a sink."""
    world = ready(can_publish=False)
    world.net_is_up = False
    world.drop_socket()
    world.run(60.0)
    world.say(1.0)
    world.flush()
    world.run(17.0)
    assert world.finished == []

    world.run(2.0)
    world.say(1.0)
    world.flush()
    assert [event.position for event in world.finished] == [0.0, 0.0]

    world.net_is_up = True
    world.run_until(lambda: world.is_live, limit=200.0)
    world.say(1.0)
    world.flush()
    world.settle()
    assert world.finished[-1] == PlaybackFinished(3, 1.0, interrupted=False)


def test_a_fallback_track_that_fails_is_tried_again() -> None:
    """The room's server refuses it at first; the speech waits, and nothing of it is lost."""
    world = ready(publishes=False)
    world.do("release", "a test")
    world.say(1.0)
    world.flush()
    world.run(5.0)
    world.publishes = True
    world.settle()

    assert len(world.done(PublishFallback)) > 1
    assert world.finished == whole(1.0)
    assert world.heard() == bytes(world.captured[0])


def test_a_frozen_avatar_is_left_and_its_speech_said_again() -> None:
    """Its track fell silent after a second while it says that it speaks: the rest is said from there."""
    world = ready()
    world.say(6.0)
    world.flush()
    world.run(1.2)
    froze_at = world.now
    world.run(3.0)
    world.do("avatar_unheard", froze_at)
    world.settle()

    assert world.finished == whole(6.0)
    by_others = sum(len(pcm) for _, _, sink, pcm in world.pieces() if sink != "avatar")
    assert by_others == pytest.approx(5 * BYTES_PER_SECOND, abs=8)


# Poses and faults


def test_the_avatar_listens_when_it_has_nothing_to_say() -> None:
    """While the user speaks, after an interrupt, and after its own last word (the service's guide for agents)."""
    world = ready()
    world.do("user_speaks", speaking=True)
    world.do("user_speaks", speaking=False)
    world.say(2.0)
    world.do("user_speaks", speaking=True)
    world.run(0.5)
    world.interrupt()
    world.say(0.5)
    world.flush()
    world.settle()

    kinds = [type(sent.command) for sent in world.sent if not isinstance(sent.command, Speak | SpeakEnd)]
    assert kinds == [StartListening, StopListening, Interrupt, StartListening, StartListening]


def test_faults_of_the_service_are_reported() -> None:
    """Errors, warnings and garbage are events, and change nothing else."""
    world = ready()
    world.do("receive_text", 1, json.dumps({"type": "warning", "warning": {"type": "slow", "message": "hm"}}))
    world.do("receive_text", 1, "garbage")

    faults = [event for event in world.events if isinstance(event, ServiceFault)]
    assert faults == [ServiceFault(1, "warning/slow", "hm"), ServiceFault(1, "unreadable", "not JSON")]
    assert world.is_live


def test_the_late_end_of_an_utterance_is_not_that_of_the_next() -> None:
    """A segment is flushed after its last sound; its end, without an id, is told when the next one was sent."""
    machine = bare()
    machine.push_audio(bytes(BYTES_PER_SECOND), 0.0)
    pull(machine, 0.0)
    pull(machine, 0.5)
    pull(machine, 1.0)
    for at, kind in ((0.1, "audio_buffer_appended"), (0.2, "speak_started"), (1.3, "idle_started")):
        machine.receive_text(1, json.dumps({"type": f"agent.{kind}"}), max(at, 1.0))
    machine.end_segment(2.0)
    assert SpeakEnd in pull(machine, 2.0)
    machine.push_audio(bytes(2 * BYTES_PER_SECOND), 2.0)
    machine.end_segment(2.0)
    pull(machine, 2.0)
    for kind in ("audio_buffer_committed", "audio_buffer_appended", "speak_ended"):
        machine.receive_text(1, json.dumps({"type": f"agent.{kind}"}), 2.1)

    assert finished(machine) == [1]


def test_a_reply_that_starts_before_the_interrupt_is_confirmed_is_heard() -> None:
    """The news of the reply and of the interrupt may cross: the reply is not taken for lost, and said again."""
    machine = bare()
    machine.push_audio(bytes(2 * BYTES_PER_SECOND), 0.0)
    pull(machine, 0.0)
    machine.receive_text(1, json.dumps({"type": "agent.audio_buffer_appended", "source_event_id": "t-speech-1"}), 0.1)
    machine.interrupt(0.1)
    machine.push_audio(bytes(2 * BYTES_PER_SECOND), 0.1)
    assert pull(machine, 0.1)[:3] == [Interrupt, StartListening, Speak]
    machine.receive_text(1, json.dumps({"type": "agent.state_updated", "new_state": "talking"}), 0.2)
    machine.receive_text(1, json.dumps({"type": "agent.audio_buffer_cleared", "source_event_id": None}), 0.3)

    events = []
    while (event := machine.next_event()) is not None:
        events.append(event)
    assert PlaybackStarted(2, 0.2) in events


def test_a_fallback_report_about_another_utterance_is_ignored() -> None:
    """The track may report late what it was told to drop."""
    world = ready()
    world.do("release", "a test")
    world.say(2.0)
    world.flush()
    world.run(1.0)
    world.do("fallback_reports", EventKind.ENDED, "t-speech-99")
    world.run(0.1)

    assert world.finished == []


def bare() -> AvatarMachine:
    """A machine with one ready session, driven by hand."""
    machine = AvatarMachine("t", 0.0)
    machine.session_started(1, "s", None, 0.0)
    machine.socket_opened(1, 0.0)
    machine.receive_text(1, json.dumps({"type": "session.state_updated", "state": "connected"}), 0.0)
    return machine


def pull(machine: AvatarMachine, now: float) -> list[type]:
    """Take the commands for session 1."""
    kinds = []
    while (command := machine.next_command(1, now)) is not None:
        kinds.append(type(command))
    return kinds


def finished(machine: AvatarMachine) -> list[int]:
    """The segments that are over."""
    numbers = []
    while (event := machine.next_event()) is not None:
        if isinstance(event, PlaybackFinished):
            numbers.append(event.segment)
    return numbers
