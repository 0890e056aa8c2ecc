"""Speech from its capture to its end: what is sent, played, and said again."""

import itertools
import json

import pytest

from avatar.core import (
    Interrupt,
    PlaybackStarted,
    Speak,
    SpeakEnd,
    SpeechSent,
    StartSession,
    Word,
)
from simulators.liveavatar.model import Dialect, Habits
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.scenes import (
    EVERY_DIALECT,
    bare,
    chunks,
    finished_segments,
    positions,
    pull,
    ready,
    whole,
)
from tests.avatar.core.world import World

# 20 ms.
FRAME = b"\x01\x00" * (BYTES_PER_SECOND // 100)


@EVERY_DIALECT
def test_the_position_is_the_played_audio_not_the_sent_audio(dialect: Dialect) -> None:
    """An interruption 0.3 s into an answer of which more was sent reports 0.3 s."""
    world = ready(dialect)
    world.say(6.0)
    world.flush()
    world.run(0.5)
    world.interrupt()

    assert positions(world) == [pytest.approx(0.3, abs=1e-3)]
    assert sum(map(len, chunks(world))) > 0.8 * BYTES_PER_SECOND


def test_clearing_without_playback_sends_nothing() -> None:
    """Clearing before any audio was sent, or after the end was played, sends no interrupt."""
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
def test_starvation_within_a_segment_is_not_its_end(dialect: Dialect) -> None:
    """An avatar that runs out of audio resumes when there is more, and so does the segment."""
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
def test_back_to_back_segments_are_finished_one_by_one(dialect: Dialect) -> None:
    """Two segments captured back to back have two ends, each when it was played."""
    world = ready(dialect)
    for _ in range(2):
        world.say(1.0)
        world.flush()
    world.settle()

    assert world.finished == whole(1.0, 1.0)
    assert world.heard() == b"".join(world.captured)


@EVERY_DIALECT
def test_a_pause_within_a_word_resumes_at_its_start(dialect: Dialect) -> None:
    """With word times from the TTS, only the cut word is said again."""
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


def test_an_event_of_another_utterance_ends_nothing() -> None:
    """A service that echoes our ids means another utterance when it sends another id."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.do("receive_text", 1, '{"type":"agent.speak_ended","source_event_id":"of-another-session"}')
    world.run(0.5)

    assert world.finished == []


def test_playback_starts_and_is_sent_once_for_a_segment() -> None:
    """A pause neither starts nor sends the segment again for the framework."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.do("pause")
    world.do("resume")
    world.settle()

    news = [type(event) for event in world.events if isinstance(event, SpeechSent | PlaybackStarted)]
    assert news == [SpeechSent, PlaybackStarted]


def test_an_end_far_before_the_clock_is_a_cut() -> None:
    """A paid session at its limit plays 0.37 s and reports the end (69): the next session says the speech again."""
    world = World(habits=Habits(max_duration=20), tells_duration=False)
    world.run(25.0)
    world.say(4.7)
    world.flush()
    world.settle()

    assert world.finished == whole(4.7)
    assert len(world.done(StartSession)) == 2
    assert len(world.heard()) >= len(world.captured[0])
    assert world.heard().endswith(bytes(world.captured[0])[-BYTES_PER_SECOND:])


def test_the_late_end_of_an_utterance_is_not_that_of_the_next() -> None:
    """A segment is flushed after its last sound; its end, without an id, is reported after the next one was sent."""
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

    assert finished_segments(machine) == [1]


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


def test_frames_before_the_first_chunk_are_only_stored() -> None:
    """A start needs at least the first chunk: until then no frame asks for the next command."""
    machine = bare()
    machine.push_audio(FRAME, 0.0)
    pull(machine, 0.0)
    asked = [machine.push_audio(FRAME, 0.02 * number) for number in range(1, 20)]

    assert asked == [False] * 18 + [True]
    assert pull(machine, 0.38) == [Speak]


@pytest.mark.parametrize(
    ("wire", "largest"),
    [(0.02, 1.0), pytest.param(0.06, 1.0, id="a round trip of 0.12 s"), pytest.param(0.11, 0.4, id="1 Mbit/s")],
)
def test_the_upload_is_paced(wire: float, largest: float) -> None:
    """A complete answer is sent in chunks that arrive within 0.2 s, the next one only if the avatar has under 4 s."""
    world = ready(wire=wire)
    world.say(30.0)
    world.flush()
    world.settle()
    sent = [(each.at, len(each.command.audio) / BYTES_PER_SECOND) for each in world.sent_of(Speak)]  # type: ignore[union-attr]
    started_at = next(event.at for event in world.events if isinstance(event, PlaybackStarted))

    assert max(seconds for _, seconds in sent) == pytest.approx(largest)
    assert sent[0][1] == pytest.approx(0.4)
    for (at, seconds), (after, _) in itertools.pairwise(sent):
        assert after - at >= 0.6 * seconds - 1e-6
    total = 0.0
    for at, seconds in sent:
        total += seconds
        assert total - max(0.0, at - started_at) <= 4.1 + largest + wire
    assert len(world.progressed) == 1


def test_a_service_without_acknowledgements_gets_small_chunks() -> None:
    """It is not known how long an interrupt would wait behind larger ones."""
    machine = bare()
    machine.push_audio(b"\x01\x00" * (10 * BYTES_PER_SECOND // 2), 0.0)
    machine.end_segment(0.0)
    sizes = []
    for hundredths in range(600):
        now = hundredths / 100
        while (command := machine.next_command(1, now)) is not None:
            sizes += [len(command.audio) / BYTES_PER_SECOND] if isinstance(command, Speak) else []

    assert max(sizes) == pytest.approx(0.4)


def test_every_utterance_begins_with_small_chunks() -> None:
    """A session's network may have changed since the last one, and so may the session."""
    world = ready()
    for _ in range(2):
        world.say(5.0)
        world.flush()
        world.settle()
    sizes: dict[str, list[float]] = {}
    for command in (each.command for each in world.sent_of(Speak)):
        assert isinstance(command, Speak)
        sizes.setdefault(command.event_id, []).append(len(command.audio) / BYTES_PER_SECOND)

    assert [each[0] for each in sizes.values()] == pytest.approx([0.4, 0.4])


def test_frames_after_the_end_of_their_segment_need_not_wait() -> None:
    """The rest of a segment that was dropped while it was captured is taken and ignored."""
    world = ready()
    world.say(1.0)
    assert world.machine.unneeded_bytes > 0
    world.machine.close(world.now)
    world.say(0.1)

    assert world.machine.unneeded_bytes == 0
    assert not world.machine.has_speech
