"""The conversation of a session with its client, in every dialect."""

from __future__ import annotations

import base64
import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from simulators.liveavatar import DIALECTS, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, Dialect
from simulators.liveavatar.model import RATE_HZ, Habits
from simulators.liveavatar.model.conversation import Conversation

if TYPE_CHECKING:
    from simulators.liveavatar.model.conversation import Message

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


class Talk(Conversation):
    """A conversation from second 0 on, and its messages to the client."""

    def __init__(self, dialect: Dialect = FULL, **habits: Any) -> None:
        self.messages: list[Message] = []
        ids = count(1)
        super().__init__(
            Habits.fast(dialect=dialect, speech_starts_after=0.2, **habits),
            now=0.0,
            new_id=lambda: f"s{next(ids)}",
            send=self.messages.append,
        )
        self.player.release(now=0.0)

    def take(self, frame: str | bytes, now: float) -> None:
        """Take a frame when the session is ready."""
        self.receive(frame, now=now, is_ready=True)

    def play(self, now: float) -> bytes:
        """Let time pass, and return the sound in it."""
        self.send_events(now=now)
        return self.player.play(now=now)


def frame(kind: str, event_id: str | None = None, seconds: float | None = None) -> str:
    """Return a client's frame, with this many seconds of audio."""
    fields: dict[str, object] = {"type": kind, "event_id": event_id}
    if seconds is not None:
        fields["audio"] = base64.b64encode(b"\1\0" * round(seconds * RATE_HZ)).decode()
    return json.dumps(fields)


def told(talk: Talk) -> list[str]:
    """Return the messages to the client since the last call, in short form."""
    told = [short(message) for message in talk.messages]
    talk.messages.clear()
    return told


def short(message: Message) -> str:
    """Return a message's type, and its other important fields."""
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


def speak(talk: Talk) -> None:
    """Send one utterance in two chunks, and play it to its end."""
    talk.take(frame("agent.speak", "u1", 0.6), 0.0)
    talk.play(0.3)
    talk.take(frame("agent.speak", "u2", 0.4), 0.4)
    talk.take(frame("agent.speak_end", "e1"), 0.5)
    talk.play(2.0)


def test_full_dialect_reports_everything_about_an_utterance() -> None:
    """Acknowledgements come at once, speech events and states as it is heard; its id is that of its first command."""
    talk = Talk(FULL)
    speak(talk)

    assert told(talk) == [
        "audio_buffer_appended u1",
        "state talking",
        "speak_started u1",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "speak_ended u1",
        "state idle",
    ]


def test_state_only_dialect_sends_no_speech_events() -> None:
    """Some sessions send only the agent's state and the acknowledgements."""
    talk = Talk(STATE_ONLY)
    speak(talk)

    assert told(talk) == [
        "audio_buffer_appended u1",
        "state talking",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "state idle",
    ]


def test_speak_only_dialect_sends_no_states() -> None:
    """The dialect has the events of the documentation's first form."""
    talk = Talk(SPEAK_ONLY)
    speak(talk)

    assert told(talk) == [
        "audio_buffer_appended u1",
        "speak_started u1",
        "audio_buffer_appended u2",
        "audio_buffer_committed e1",
        "speak_ended u1",
    ]


def test_task_dialect_has_the_tasks_id_and_never_the_commands() -> None:
    """Older builds send an id of their own task, and report when the avatar begins and ceases to idle."""
    talk = Talk(TASK_IDS)
    speak(talk)

    assert told(talk) == [
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
    talk = Talk(dialect)
    talk.take(frame("agent.speak", "u1", 5.0), 0.0)
    talk.play(1.0)
    talk.messages.clear()

    talk.take(frame("agent.interrupt", "i1"), 1.0)
    assert told(talk) == expected
    assert not any(talk.play(2.0))


@every_dialect
def test_interrupt_of_silence_is_acknowledged(dialect: Dialect) -> None:
    """An interrupt of silence is acknowledged, and cuts nothing."""
    talk = Talk(dialect)

    talk.take(frame("agent.interrupt", "i1"), 1.0)

    assert [message["type"] for message in talk.messages] == ["agent.audio_buffer_cleared"]


@every_dialect
def test_commands_before_connected_are_dropped_without_an_answer(dialect: Dialect) -> None:
    """Early commands are only counted, and neither played nor answered."""
    talk = Talk(dialect)
    for early in (frame("agent.speak", "u1", 1.0), frame("agent.speak_end", "e1"), "not JSON", b"binary"):
        talk.receive(early, now=0.1, is_ready=False)

    assert talk.messages == []
    assert talk.dropped_commands == 4
    assert not any(talk.play(3.0))


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (FULL, ["new", "connecting", "connected", "closing", "closed"]),
        (STATE_ONLY, ["new", "connected", "disconnected"]),
        (SPEAK_ONLY, ["connecting", "connected", "closing", "closed"]),
        (TASK_IDS, ["connecting", "connected", "closing", "closed"]),
    ],
)
def test_session_states_have_the_dialects_names(dialect: Dialect, expected: list[str]) -> None:
    """All dialects together use all six names of a session's state."""
    talk = Talk(dialect)
    talk.open()
    talk.connect()
    talk.close()

    assert told(talk) == [f"session {state}" for state in expected]


@every_dialect
def test_starvation_is_an_error_when_audio_comes_too_slowly(dialect: Dialect) -> None:
    """The client gets an error when the avatar runs out of audio within an utterance."""
    talk = Talk(dialect)
    talk.take(frame("agent.speak", "u1", 0.5), 0.0)
    talk.play(1.0)

    assert "error video_starvation u1" in told(talk)


@pytest.mark.parametrize(
    "bad", ["{", '{"type":"agent.sing","event_id":"x"}', '{"type":"agent.speak","event_id":"x","audio":"%"}']
)
def test_a_frame_that_is_not_a_command_gives_an_error(bad: str) -> None:
    """The error has no other effect."""
    talk = Talk()
    talk.take(bad, 0.0)

    assert told(talk)[0].startswith("error invalid_request_error")
    assert talk.player.utterances == []


def test_a_binary_frame_gives_an_error() -> None:
    """The protocol has only text."""
    talk = Talk()
    talk.take(b"binary", 0.0)

    assert told(talk) == ["error invalid_request_error None"]


def test_start_message_with_another_format_gives_a_warning() -> None:
    """Two public clients announce their format; only 24 kHz mono s16le is played."""
    talk = Talk()
    talk.take('{"type":"start","encoding":"pcm_s16le","sample_rate":24000,"channels":1}', 0.0)
    assert told(talk) == []

    talk.take('{"type":"start","encoding":"pcm_s16le","sample_rate":48000,"channels":1}', 0.0)
    assert told(talk) == ["warning"]


def test_keep_alive_has_no_answer() -> None:
    """No source shows an acknowledgement of a keep-alive."""
    talk = Talk()
    talk.take(frame("session.keep_alive", "k1"), 0.0)

    assert told(talk) == []


def test_listening_pose_is_a_state() -> None:
    """The client starts and ends the pose."""
    talk = Talk()
    talk.take(frame("agent.start_listening", "l1"), 0.0)
    talk.take(frame("agent.stop_listening", "l2"), 0.0)

    assert told(talk) == ["state listening", "state idle"]


def test_speak_end_may_carry_the_last_audio() -> None:
    """Audio in `agent.speak_end` belongs to the utterance that it ends."""
    talk = Talk()
    talk.take(frame("agent.speak", "u1", 0.5), 0.0)
    talk.take(frame("agent.speak_end", "e1", 0.5), 0.0)
    talk.play(2.0)

    assert talk.player.utterances[0].heard_samples == RATE_HZ


@every_dialect
def test_mute_session_sends_nothing(dialect: Dialect) -> None:
    """At the end of a paid session the avatar stops within a word, and no event follows any command."""
    talk = Talk(dialect)
    talk.take(frame("agent.speak", "u1", 5.0), 0.0)
    talk.play(1.0)
    talk.messages.clear()
    talk.mute(now=1.0)
    talk.take(frame("agent.speak", "u1", 5.0), 1.1)
    talk.take(frame("agent.interrupt", "i1"), 1.2)

    assert not any(talk.play(9.0))
    assert talk.messages == []
    assert talk.dropped_commands == 2


def test_commands_are_recorded_with_their_times() -> None:
    """A benchmark can read when each command came."""
    talk = Talk()
    talk.take(frame("agent.speak", "u1", 0.5), 0.25)
    talk.take(frame("agent.interrupt"), 1.5)

    assert [(c.type, c.event_id, c.at, c.audio_bytes, c.dropped) for c in talk.commands] == [
        ("agent.speak", "u1", 0.25, 24_000, False),
        ("agent.interrupt", None, 1.5, 0, False),
    ]


def test_interrupt_is_acknowledged_late_when_so_set() -> None:
    """An acknowledgement was observed after 188 ms, and it has the interrupt's id."""
    talk = Talk(interrupt_acknowledged_after=0.188, interrupt_tail=0.4)
    talk.take(frame("agent.speak", "u1", 5.0), 0.0)
    talk.play(1.0)
    talk.messages.clear()
    talk.take(frame("agent.interrupt", "i1"), 1.0)
    talk.play(1.187)
    assert told(talk) == []

    talk.play(1.188)
    assert told(talk) == ["audio_buffer_cleared i1", "speak_interrupted u1", "state idle"]


def test_unknown_field_is_an_error_and_the_command_is_not_obeyed() -> None:
    """The command is otherwise valid; the check can be turned off."""
    command = '{"type": "agent.interrupt", "event_id": "i1", "session_id": "s"}'
    strict, kind = Talk(), Talk(refuses_unknown_fields=False)
    strict.take(command, 0.0)
    kind.take(command, 0.0)

    assert told(strict) == ["error invalid_request_error i1"]
    assert told(kind) == ["audio_buffer_cleared i1"]


def test_event_ids_are_not_echoed_when_so_set() -> None:
    """Sessions were observed that never send the id of the client's command."""
    talk = Talk(echoes_event_ids=False)
    talk.take(frame("agent.speak", "u1", 0.5), 0.0)
    talk.take(frame("agent.speak_end", "e1"), 0.0)
    talk.play(2.0)

    assert {message["source_event_id"] for message in talk.messages if "source_event_id" in message} == {None}


def test_hiccups_have_no_cause() -> None:
    """A renderer that stumbles sends `video_starvation`, and the utterance is still heard."""
    talk = Talk(hiccup_every=2)
    for number in (1, 2):
        talk.take(frame("agent.speak", f"u{number}", 0.5), 0.0)
        talk.take(frame("agent.speak_end", f"e{number}"), 0.0)
    talk.play(2.0)

    assert told(talk)[-5:] == [
        *("speak_ended u1", "speak_started u2", "error video_starvation None", "speak_ended u2", "state idle")
    ]


def test_speech_before_the_avatar_has_joined_is_lost_when_so_set() -> None:
    """Other commands are obeyed."""
    talk = Talk()
    talk.receive(frame("agent.speak", "u1", 0.5), now=0.0, is_ready=True, loses_speech=True)
    talk.receive(frame("agent.interrupt", "i1"), now=0.0, is_ready=True, loses_speech=True)

    assert told(talk) == ["audio_buffer_cleared i1"]
    assert talk.dropped_commands == 1
