"""Scenes of a call, one by one: what others get wrong, and what this core does."""

import json

import pytest

from avatar.core import (
    AvatarProtocol,
    Interrupt,
    KeepAlive,
    PlaybackFinished,
    PlaybackStarted,
    ServiceFault,
    SessionEnded,
    Speak,
    SpeakEnd,
    SpeechLost,
    SpeechSent,
    StartListening,
    Unresponsive,
    Word,
)
from avatar.core.chunking import Chunking
from tests.avatar.core.service import BYTES_PER_SECOND, Dialect, Service
from tests.avatar.core.world import CONNECTED, World

EVERY_DIALECT = pytest.mark.parametrize("dialect", Dialect)


def connected(dialect: Dialect = Dialect.FULL, delay: float = 0.0) -> World:
    """A world in which the service takes commands."""
    world = World(dialect, delay)
    world.connect()
    return world


def positions(world: World) -> list[float]:
    """Where the interrupted segments were interrupted."""
    return [event.position for event in world.finished if event.interrupted]


@EVERY_DIALECT
def test_the_position_is_what_was_played_not_what_was_sent(dialect: Dialect) -> None:
    """A barge-in 0.3 s into an answer that was sent whole reports 0.3 s."""
    world = connected(dialect)
    world.say(6.0)
    world.flush()
    world.run(0.5)  # 0.2 s until the avatar speaks
    world.interrupt()

    assert sum(len(speak.audio) for speak in world.spoken) == 6 * BYTES_PER_SECOND
    assert positions(world) == [pytest.approx(0.3)]


@EVERY_DIALECT
def test_a_barge_in_before_the_avatar_talks_is_sent(dialect: Dialect) -> None:
    """What was handed over is interrupted, also before the service says that it speaks."""
    world = connected(dialect)
    world.say(1.0)
    world.run(0.1)
    world.flush()
    world.interrupt()
    world.run(1.0)

    assert len(world.interrupts) == 1
    assert world.ends == []
    assert world.heard == b""


def test_nothing_to_interrupt_sends_nothing() -> None:
    """Clearing before a byte has left, or after the end was played, disturbs nobody."""
    world = connected()
    world.interrupt()
    world.say(0.1)  # too little for a first chunk
    world.interrupt()
    world.say(1.0)
    world.flush()
    world.settle()
    world.interrupt()
    world.run(1.0)

    assert world.interrupts == []
    assert [event.interrupted for event in world.finished] == [True, False]


@EVERY_DIALECT
def test_starvation_in_mid_segment_is_not_the_end(dialect: Dialect) -> None:
    """An avatar that falls silent for want of audio goes on when there is more, and the segment with it."""
    world = connected(dialect)
    world.say(1.0)
    world.run(5.0)
    assert world.finished == []

    world.say(1.0)
    world.flush()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 2.0, interrupted=False)]
    assert world.heard == bytes(world.captured[0])


@EVERY_DIALECT
def test_segments_that_follow_at_once_are_finished_one_by_one(dialect: Dialect) -> None:
    """Two segments captured back to back have two ends, each when it was played."""
    world = connected(dialect)
    for _ in range(2):
        world.say(1.0)
        world.flush()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 1.0, interrupted=False), PlaybackFinished(2, 1.0, interrupted=False)]
    assert world.heard == b"".join(world.captured)


@EVERY_DIALECT
def test_a_pause_resumes_where_it_was(dialect: Dialect) -> None:
    """Pause silences the avatar, resume says the rest: nothing is lost, nothing said twice."""
    world = connected(dialect)
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.pause()
    world.run(2.0)
    assert len(world.heard) == BYTES_PER_SECOND

    world.resume()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 3.0, interrupted=False)]
    assert world.heard == bytes(world.captured[0])


@EVERY_DIALECT
def test_a_pause_in_a_word_resumes_at_its_start(dialect: Dialect) -> None:
    """Where the voice tells the words, the one that was cut is said again, and nothing before it."""
    world = connected(dialect)
    world.say(2.0, [Word(0.0, 0.9), Word(0.9, 1.4), Word(1.4, 2.0)])
    world.flush()
    world.run(1.4)  # 0.2 s until the avatar speaks
    world.pause()
    said = len(world.spoken)
    world.resume()
    world.run(2.0)

    assert b"".join(speak.audio for speak in world.spoken[said:]) == world.captured[0][round(0.9 * 24_000) * 2 :]
    assert [event.position for event in world.finished] == [2.0]


def test_a_pause_before_the_first_frame_holds_everything() -> None:
    """Nothing leaves until resume, and then all of it."""
    world = connected()
    world.pause()
    world.say(1.0)
    world.flush()
    world.run(5.0)
    assert world.sent == []

    world.resume()
    world.settle()

    assert world.heard == bytes(world.captured[0])


def test_an_interruption_after_a_pause_reports_the_paused_position() -> None:
    """What was silenced and then dropped was heard up to the pause."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.pause()
    world.run(1.0)
    world.interrupt()
    world.resume()
    world.run(1.0)

    assert positions(world) == [pytest.approx(1.0)]
    assert len(world.interrupts) == 1


@EVERY_DIALECT
def test_late_events_of_a_dropped_speech_change_nothing(dialect: Dialect) -> None:
    """On a slow wire the old speech's events arrive during the next one, which is played in full all the same."""
    world = connected(dialect, delay=0.3)
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
    world = connected(delay=0.1)
    for _ in range(50):
        world.say(0.6)
        world.run(0.4)
        world.interrupt()
    world.say(1.0)
    world.flush()
    world.settle()

    assert len(world.finished) == 51
    assert world.finished[-1] == PlaybackFinished(51, 1.0, interrupted=False)


def test_speech_goes_on_after_a_lost_connection() -> None:
    """What was not played is said on the next connection, under another id and after an interrupt."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.lose_connection()
    world.connect()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 3.0, interrupted=False)]
    assert world.heard == bytes(world.captured[0])
    assert len(world.interrupts) == 1


def test_speech_that_the_avatar_does_not_speak_is_said_on_the_next_connection() -> None:
    """A service that takes audio and stays silent is found out, and given nothing more; nothing of it is lost."""
    world = connected()
    world.service.start_latency = 1e9
    world.say(1.0)
    world.flush()
    world.run(6.0)
    chunks = len(world.spoken)

    assert SpeechLost(1, 0.0) in world.events
    assert world.finished == []
    assert world.core.next_command(world.now) is None

    world.service = Service()
    world.lose_connection()
    world.connect()
    world.settle()
    assert world.finished == [PlaybackFinished(1, 1.0, interrupted=False)]
    assert len(world.spoken) == 2 * chunks


def test_what_nobody_can_say_is_dropped_in_the_end() -> None:
    """Without an avatar or a voice a segment does not wait for ever, nor does one that is captured after it."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.lose_connection()
    world.run(31.0)
    world.say(1.0)
    world.flush()

    assert world.finished == [PlaybackFinished(1, 1.0, interrupted=True), PlaybackFinished(2, 0.0, interrupted=True)]
    assert world.core.unplayed(world.now) == 0


def test_a_service_that_stops_in_mid_speech_is_found_out() -> None:
    """At its session limit the service falls silent: what was heard until then is the position."""
    world = connected()
    world.say(4.7)
    world.flush()
    world.run(0.57)
    world.core.receive_text('{"type":"agent.state_updated","new_state":"idle"}', world.now)
    world.service.utterances.clear()
    world.run(10.0)

    assert [event.position for event in world.events if isinstance(event, SpeechLost)] == [pytest.approx(0.37)]


def test_news_of_somebody_elses_speech_end_nothing() -> None:
    """A service that names our speeches names others when it means them."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.core.receive_text('{"type":"agent.speak_ended","source_event_id":"of-another-session"}', world.now)
    world.run(0.5)

    assert world.finished == []


def test_an_unconfirmed_connection_is_reported() -> None:
    """A service that never says `connected` does not hold a call up for ever."""
    core = AvatarProtocol("t")
    core.connection_opened(0.0)
    assert core.next_timeout() == 10.0
    core.handle_timeout(10.0)

    assert core.events() == [Unresponsive(10.0)]


def test_the_session_is_kept_alive_when_nothing_else_is_sent() -> None:
    """`session.keep_alive` leaves a minute after the last command."""
    world = connected()
    world.run(125.0)

    assert [(type(sent.command), sent.at) for sent in world.sent] == [(KeepAlive, 60.0), (KeepAlive, 120.0)]


def test_a_pose_is_taken_when_there_is_nothing_to_say() -> None:
    """The avatar listens when it is idle, never while it has speech."""
    world = connected()
    world.core.start_listening(world.now)
    world.run(0.1)
    world.say(1.0)
    world.core.start_listening(world.now)
    world.run(0.1)

    assert [type(sent.command) for sent in world.sent] == [StartListening, Speak]


def test_chunks_keep_a_real_time_source_ahead_of_the_avatar() -> None:
    """With speech that comes in real time, the first chunk is early and the avatar never runs dry."""
    world = connected()
    for _ in range(200):
        world.say(0.02)
        world.run(0.02)
    world.flush()
    world.settle()

    assert len(world.spoken[0].audio) == pytest.approx(0.4 * BYTES_PER_SECOND, abs=0.021 * BYTES_PER_SECOND)
    assert len(world.progressed) == 1


def test_no_chunk_exceeds_the_largest() -> None:
    """However much is captured at once, frames stay under the service's limit."""
    world = connected()
    world.say(2.5)
    world.flush()
    world.run(0.1)

    assert [len(speak.audio) for speak in world.spoken] == [48_000, 48_000, 24_000]
    with pytest.raises(ValueError, match="chunk sizes"):
        Chunking(largest=20.0)


def test_half_a_sample_is_refused() -> None:
    """Audio that is no whole number of samples is a mistake of the caller."""
    with pytest.raises(ValueError, match="3 bytes"):
        AvatarProtocol("t").push_audio(b"abc", 0.0)


def test_what_the_service_complains_of_is_told() -> None:
    """Errors, warnings and the end of the session are events, and no more than that."""
    core = AvatarProtocol("t")
    core.connection_opened(0.0)
    core.receive_text(CONNECTED, 0.0)
    core.events()
    core.receive_text(json.dumps({"type": "warning", "warning": {"type": "slow", "message": "hm"}}), 0.0)
    core.receive_text("garbage", 0.0)
    core.receive_text(json.dumps({"type": "session.state_updated", "state": "closing"}), 0.0)

    assert core.events() == [
        ServiceFault("warning/slow", "hm"),
        ServiceFault("unreadable", "not JSON"),
        SessionEnded("closing"),
    ]


def test_playback_starts_once_for_a_segment() -> None:
    """A pause or a lost connection in between does not start the segment again."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.pause()
    world.resume()
    world.settle()

    assert [type(event) for event in world.events].count(PlaybackStarted) == 1


def test_a_segment_is_told_to_be_sent_once() -> None:
    """With its first chunk, before it is heard; what is handed over again after a pause was sent before."""
    world = connected()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.pause()
    world.resume()
    world.settle()

    told = [event for event in world.events if isinstance(event, SpeechSent | PlaybackStarted)]
    assert [type(event) for event in told] == [SpeechSent, PlaybackStarted]
    assert {event.segment for event in told} == {1}


def test_the_late_end_of_a_speech_is_not_that_of_the_next() -> None:
    """A segment is flushed after its last sound; the news of that, without an id, comes when the next one is given."""
    core = AvatarProtocol("t")
    core.connection_opened(0.0)
    core.receive_text(CONNECTED, 0.0)
    core.push_audio(bytes(BYTES_PER_SECOND), 0.0)
    assert isinstance(core.next_command(0.0), Speak)
    for at, kind in ((0.1, "audio_buffer_appended"), (0.2, "speak_started"), (1.2, "idle_started")):
        core.receive_text(json.dumps({"type": f"agent.{kind}"}), at)
    core.end_segment(2.0)
    assert isinstance(core.next_command(2.0), SpeakEnd)
    _say(core, 2.0)
    for kind in ("audio_buffer_committed", "audio_buffer_appended", "audio_buffer_committed", "speak_ended"):
        core.receive_text(json.dumps({"type": f"agent.{kind}"}), 2.1)

    assert [event.segment for event in core.events() if isinstance(event, PlaybackFinished)] == [1]


def test_a_reply_that_talks_before_the_interrupt_is_confirmed_is_heard() -> None:
    """The news of the reply and of the interrupt may cross: the reply is not taken for lost, and said again."""
    core = AvatarProtocol("t")
    core.connection_opened(0.0)
    core.receive_text(CONNECTED, 0.0)
    first = _say(core, 0.0)
    core.receive_text(json.dumps({"type": "agent.audio_buffer_appended", "source_event_id": first.event_id}), 0.1)
    core.interrupt(0.1)
    interrupt = core.next_command(0.1)
    assert isinstance(interrupt, Interrupt)
    _say(core, 0.1)
    core.receive_text(json.dumps({"type": "agent.state_updated", "new_state": "talking"}), 0.2)
    cleared = {"type": "agent.audio_buffer_cleared", "source_event_id": interrupt.event_id}
    core.receive_text(json.dumps(cleared), 0.3)

    assert PlaybackStarted(2, 0.2) in core.events()


def _say(core: AvatarProtocol, now: float) -> Speak:
    """A segment of two seconds, handed over."""
    core.push_audio(bytes(2 * BYTES_PER_SECOND), now)
    core.end_segment(now)
    speak = core.next_command(now)
    assert isinstance(speak, Speak)
    while core.next_command(now) is not None:
        pass
    return speak
