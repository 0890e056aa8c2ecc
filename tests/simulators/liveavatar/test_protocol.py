"""The conversation over the WebSocket, in every dialect, without a socket."""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import TYPE_CHECKING

import pytest

from simulators.liveavatar import DIALECTS, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, Dialect
from simulators.liveavatar.player import RATE_HZ
from simulators.liveavatar.protocol import LiteProtocol

if TYPE_CHECKING:
    from simulators.liveavatar.protocol import Message

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


def connected(dialect: Dialect = FULL) -> LiteProtocol:
    """A protocol at second 0 whose client has been told `connected`."""
    ids = count(1)
    protocol = LiteProtocol(now=0.0, dialect=dialect, start_latency=0.2, new_id=lambda: f"s{next(ids)}")
    protocol.open()
    protocol.connect()
    protocol.take_messages()
    return protocol


def frame(kind: str, event_id: str | None = None, seconds: float | None = None) -> str:
    """A client's frame, with so many seconds of audio."""
    fields: dict[str, object] = {"type": kind, "event_id": event_id}
    if seconds is not None:
        fields["audio"] = base64.b64encode(b"\1\0" * round(seconds * RATE_HZ)).decode()
    return json.dumps(fields)


def told(protocol: LiteProtocol) -> list[str]:
    """What the client was told since the last time, in short."""
    return [short(message) for message in protocol.take_messages()]


def short(message: Message) -> str:
    """A message as its type, and what else in it matters."""
    kind = str(message["type"]).removeprefix("agent.")
    match message:
        case {"type": "agent.state_updated", "new_state": new}:
            return f"state {new}"
        case {"type": "session.state_updated", "state": state}:
            return f"session {state}"
        case {"error": {"type": error, "event_id": event_id}}:
            return f"error {error} {event_id}"
        case {"task": {"id": task}}:
            return f"{kind} {task}"
        case {"source_event_id": source}:
            return f"{kind} {source}"
    return kind


def speak(protocol: LiteProtocol) -> None:
    """One utterance in two chunks, played to its end."""
    protocol.receive(frame("agent.speak", "u1", 0.6), now=0.0)
    protocol.play(now=0.3)
    protocol.receive(frame("agent.speak", "u2", 0.4), now=0.4)
    protocol.receive(frame("agent.speak_end", "e1"), now=0.5)
    protocol.play(now=2.0)


def test_full_dialect_tells_everything_when_an_utterance_is_played() -> None:
    """Acknowledgements at once, speech events and states as it is heard, an utterance named after its first command."""
    protocol = connected(FULL)
    speak(protocol)

    assert told(protocol) == [
        "audio_buffer_appended u1",
        "state talking",
        "speak_started u1",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "speak_ended u1",
        "state idle",
    ]


def test_state_only_dialect_tells_no_speech_events() -> None:
    """Some sessions send the agent's state and the acknowledgements alone."""
    protocol = connected(STATE_ONLY)
    speak(protocol)

    assert told(protocol) == [
        "audio_buffer_appended u1",
        "state talking",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "state idle",
    ]


def test_speak_only_dialect_tells_no_states() -> None:
    """The events of the documentation's first form."""
    protocol = connected(SPEAK_ONLY)
    speak(protocol)

    assert told(protocol) == [
        "audio_buffer_appended u1",
        "speak_started u1",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "speak_ended u1",
    ]


def test_task_dialect_names_the_task_and_never_the_command() -> None:
    """Older builds name their own task and tell when the avatar begins and ceases to idle."""
    protocol = connected(TASK_IDS)
    speak(protocol)

    assert told(protocol) == [
        "audio_buffer_appended task-1",
        "idle_ended",
        "speak_started task-1",
        "audio_buffer_appended task-1",
        "audio_buffer_committed task-1",
        "speak_ended task-1",
        "idle_started",
    ]


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (FULL, ["audio_buffer_cleared i1", "speak_interrupted u1", "state idle"]),
        (STATE_ONLY, ["audio_buffer_cleared i1", "state idle"]),
        (SPEAK_ONLY, ["audio_buffer_cleared i1", "speak_interrupted u1"]),
        (TASK_IDS, ["audio_buffer_cleared task-1", "speak_interrupted task-1", "idle_started"]),
    ],
)
def test_interrupt_is_answered_at_once(dialect: Dialect, expected: list[str]) -> None:
    """An interrupt is acknowledged and ends the talking, before any time passes."""
    protocol = connected(dialect)
    protocol.receive(frame("agent.speak", "u1", 5.0), now=0.0)
    protocol.play(now=1.0)
    protocol.take_messages()

    assert protocol.receive(frame("agent.interrupt", "i1"), now=1.0)
    assert told(protocol) == expected
    assert not any(protocol.play(now=2.0))


@every_dialect
def test_interrupt_is_acknowledged_when_nothing_plays(dialect: Dialect) -> None:
    """Also an interrupt into silence has its acknowledgement, and cuts nothing."""
    protocol = connected(dialect)

    assert not protocol.receive(frame("agent.interrupt", "i1"), now=1.0)
    assert [message["type"] for message in protocol.take_messages()] == ["agent.audio_buffer_cleared"]


@every_dialect
def test_commands_are_dropped_without_a_word_before_connected(dialect: Dialect) -> None:
    """What comes too early is not played and not answered, only counted."""
    protocol = LiteProtocol(now=0.0, dialect=dialect)
    protocol.open()
    protocol.take_messages()
    for early in (frame("agent.speak", "u1", 1.0), frame("agent.speak_end", "e1"), "not JSON"):
        protocol.receive(early, now=0.1)
    protocol.receive_binary(now=0.1)

    assert protocol.take_messages() == []
    assert protocol.dropped_commands == 4
    assert not any(protocol.play(now=3.0))


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (FULL, ["new", "connecting", "connected", "closing", "closed"]),
        (STATE_ONLY, ["new", "connected", "disconnected"]),
        (SPEAK_ONLY, ["connecting", "connected", "closing", "closed"]),
        (TASK_IDS, ["connecting", "connected", "closing", "closed"]),
    ],
)
def test_session_states_are_told_in_the_dialects_words(dialect: Dialect, expected: list[str]) -> None:
    """Between them the dialects use all six names of a session's state."""
    protocol = LiteProtocol(now=0.0, dialect=dialect)
    protocol.open()
    protocol.connect()
    protocol.close()

    assert told(protocol) == [f"session {state}" for state in expected]


@every_dialect
def test_starvation_is_an_error_when_audio_comes_too_slowly(dialect: Dialect) -> None:
    """The client is told that the avatar ran dry in the middle of an utterance."""
    protocol = connected(dialect)
    protocol.receive(frame("agent.speak", "u1", 0.5), now=0.0)
    protocol.play(now=1.0)

    assert "error video_starvation u1" in told(protocol)


@pytest.mark.parametrize(
    "bad", ["{", '{"type":"agent.sing","event_id":"x"}', '{"type":"agent.speak","event_id":"x","audio":"%"}']
)
def test_error_is_told_when_a_frame_is_no_command(bad: str) -> None:
    """A bad frame is answered and does no harm."""
    protocol = connected()
    protocol.receive(bad, now=0.0)

    assert told(protocol)[0].startswith("error invalid_request_error")
    assert protocol.player.utterances == []


def test_error_is_told_when_a_frame_is_binary() -> None:
    """The protocol knows only text."""
    protocol = connected()
    protocol.receive_binary(now=0.0)

    assert told(protocol) == ["error invalid_request_error None"]


def test_start_message_is_tolerated_and_warned_of_when_its_format_is_another() -> None:
    """Two public clients announce their format; only 24 kHz mono s16le is played."""
    protocol = connected()
    protocol.receive('{"type":"start","encoding":"pcm_s16le","sample_rate":24000,"channels":1}', now=0.0)
    assert told(protocol) == []

    protocol.receive('{"type":"start","encoding":"pcm_s16le","sample_rate":48000,"channels":1}', now=0.0)
    assert told(protocol) == ["warning"]


def test_keep_alive_has_no_answer() -> None:
    """No source shows an acknowledgement of a keep-alive."""
    protocol = connected()
    protocol.receive(frame("session.keep_alive", "k1"), now=0.0)

    assert told(protocol) == []


def test_listening_pose_is_told_as_a_state() -> None:
    """The client asks for the pose and for its end."""
    protocol = connected()
    protocol.receive(frame("agent.start_listening", "l1"), now=0.0)
    protocol.receive(frame("agent.stop_listening", "l2"), now=0.0)

    assert told(protocol) == ["state listening", "state idle"]


def test_speak_end_may_carry_the_last_audio() -> None:
    """Audio in `agent.speak_end` belongs to the utterance that it seals."""
    protocol = connected()
    protocol.receive(frame("agent.speak", "u1", 0.5), now=0.0)
    protocol.receive(frame("agent.speak_end", "e1", 0.5), now=0.0)
    protocol.play(now=2.0)

    assert protocol.player.utterances[0].heard_samples == RATE_HZ


@every_dialect
def test_mute_session_says_nothing_any_more(dialect: Dialect) -> None:
    """At the end of a paid session the avatar stops in mid-word, and no event follows, whatever is sent."""
    protocol = connected(dialect)
    protocol.receive(frame("agent.speak", "u1", 5.0), now=0.0)
    protocol.play(now=1.0)
    protocol.take_messages()
    protocol.mute(now=1.0)
    protocol.receive(frame("agent.speak", "u1", 5.0), now=1.1)
    protocol.receive(frame("agent.interrupt", "i1"), now=1.2)

    assert not any(protocol.play(now=9.0))
    assert protocol.take_messages() == []
    assert protocol.dropped_commands == 2


def test_commands_are_recorded_with_their_times() -> None:
    """A benchmark can see what came when."""
    protocol = connected()
    protocol.receive(frame("agent.speak", "u1", 0.5), now=0.25)
    protocol.receive(frame("agent.interrupt"), now=1.5)

    assert [(c.type, c.event_id, c.at, c.audio_bytes, c.dropped) for c in protocol.commands] == [
        ("agent.speak", "u1", 0.25, 24_000, False),
        ("agent.interrupt", None, 1.5, 0, False),
    ]
