"""One recorded WebSocket, replayed to another client."""

from __future__ import annotations

from simulators.liveavatar.replay import read_recording
from simulators.liveavatar.replay.script import Script
from tests.simulators.liveavatar.replay.recorded import TALK


def opened() -> Script:
    """Return the script of the talk, after its handshake."""
    script = Script(read_recording(TALK).sockets[0].cues)
    script.open()
    return script


def answers(script: Script, kind: str, event_id: str = "x") -> list[str]:
    """Return the service's answers to a message, in short form."""
    cues = script.receive({"type": kind, "event_id": event_id})
    return [answer["type"].removeprefix("agent.") for cue in cues for _, answer in cue.answers]


def test_same_client_gets_the_same_answers() -> None:
    """The answers come message by message."""
    script = opened()
    kinds = ["agent.speak", "agent.speak", "agent.speak_end", "session.keep_alive", "agent.interrupt"]

    assert [answers(script, kind) for kind in kinds] == [
        ["audio_buffer_appended"],
        ["speak_started"],
        ["speak_ended"],
        [],
        ["audio_buffer_cleared", "error"],
    ]


def test_fewer_chunks_get_all_answers_with_the_next_message() -> None:
    """Speech may be cut in another way than recorded."""
    script = opened()

    assert answers(script, "agent.speak") == ["audio_buffer_appended"]
    assert answers(script, "agent.speak_end") == ["speak_started", "speak_ended"]


def test_additional_chunks_are_ignored() -> None:
    """Chunks beyond the recorded ones get no answer, and the recorded answers stay in order."""
    script = opened()

    assert [len(answers(script, "agent.speak")) for _ in range(4)] == [1, 1, 0, 0]
    assert answers(script, "agent.speak_end") == ["speak_ended"]


def test_keep_alive_at_another_time_has_no_effect() -> None:
    """A keep-alive is answered where the recording has one next, and ignored elsewhere."""
    script = opened()

    assert answers(script, "session.keep_alive") == []
    assert answers(script, "agent.speak") == ["audio_buffer_appended"]


def test_answers_have_the_ids_of_this_client() -> None:
    """This client's ids replace the recorded ones; other values stay."""
    script = opened()
    answers(script, "agent.speak", "mine-1")
    answers(script, "agent.speak_end", "mine-2")
    answers(script, "agent.interrupt", "mine-3")

    assert script.translate({"type": "a", "source_event_id": "u1"})["source_event_id"] == "mine-2"
    assert script.translate({"type": "a", "source_event_id": "other"})["source_event_id"] == "other"
    assert script.translate({"type": "error", "error": {"event_id": "i1"}}) == {
        "type": "error",
        "error": {"event_id": "mine-3"},
    }
