"""The sink that plays the speech: interrupts, pauses, poses, and late events of a sink."""

import json

import pytest

from avatar.core import (
    EventKind,
    Interrupt,
    KeepAlive,
    PlaybackFinished,
    PlaybackStarted,
    Speak,
    SpeakEnd,
    StartListening,
    StopListening,
)
from simulators.liveavatar.model import Dialect
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.scenes import EVERY_DIALECT, assert_said, bare, positions, pull, ready, whole


@EVERY_DIALECT
def test_an_interruption_before_the_avatar_speaks_is_sent(dialect: Dialect) -> None:
    """Audio that was sent is interrupted even before the service reports speech."""
    world = ready(dialect)
    world.say(1.0)
    world.run(0.1)
    world.flush()
    world.interrupt()
    world.run(1.0)

    assert len(world.sent_of(Interrupt)) == 1
    assert world.sent_of(SpeakEnd) == []
    assert world.heard() == b""


@EVERY_DIALECT
def test_a_pause_resumes_where_it_was(dialect: Dialect) -> None:
    """A pause silences the avatar, a resume says the rest: nothing is lost or said twice."""
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


def test_a_pause_before_the_first_frame_holds_everything() -> None:
    """A segment paused before its first frame is sent whole, and only after the resume."""
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
    """Speech that was paused and then dropped was heard up to the pause."""
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
    """On a slow connection the old utterance's events arrive during the next one, which is still played in full."""
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


def test_many_interruptions_hang_nothing() -> None:
    """Fifty interruptions in twenty seconds leave fifty finished segments; the fifty-first segment is heard."""
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


def test_a_reply_that_starts_before_the_interrupt_is_confirmed_is_heard() -> None:
    """The events of the reply and of the interrupt may cross: the reply is not taken for lost and said again."""
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
    """The track may report late on an utterance that it was to drop."""
    world = ready()
    world.do("release", "a test")
    world.say(2.0)
    world.flush()
    world.run(1.0)
    world.do("fallback_reports", EventKind.ENDED, "t-speech-99")
    world.run(0.1)

    assert world.finished == []


def test_the_avatar_takes_the_listening_pose_when_it_has_nothing_to_say() -> None:
    """The pose is taken while the user speaks, after an interrupt and after the last word (the guide for agents)."""
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


def test_a_session_is_kept_alive_when_nothing_else_is_sent() -> None:
    """`session.keep_alive` is sent a minute after the last command."""
    world = ready()
    start = world.now
    world.run(125.0)

    kept = [(type(sent.command), round(sent.at - start)) for sent in world.sent]
    assert kept == [(KeepAlive, 60), (KeepAlive, 120)]


def test_speech_that_no_sink_takes_is_reported_as_not_heard() -> None:
    """Speech is reported after 14 s, and later speech at once, until there is a sink."""
    world = ready(can_publish=False)
    world.net_is_up = False
    world.drop_socket()
    world.run(60.0)
    world.say(1.0)
    world.flush()
    world.run(13.0)
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
