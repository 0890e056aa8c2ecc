"""Recordings are read as they were written, and as far as they are readable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.doctor.recorded import parse, read_recording
from tests.agent.doctor.recordings import as_observed


def test_a_recording_reads_back() -> None:
    """It has calls with replies, WebSockets with messages and closes, utterances and notes."""
    call = as_observed().call

    assert [exchange.path.rpartition("/")[2] for exchange in call.exchanges] == [
        "credits",
        "token",
        "start",
        "keep-alive",
        "stop",
        "stop",
        "credits",
    ]
    assert (call.exchanges[1].seconds, call.exchanges[1].status) == (0.7, 200)
    assert call.exchanges[2].field("max_session_duration") == 1200
    assert [(socket.close_code, socket.closed_by) for socket in call.opened] == [(1000, "client"), (1000, "service")]
    assert [(each.event_id, each.seconds, each.interrupt is not None) for each in call.utterances] == [
        ("u1", 6.0, True),
        ("u2", 3.0, False),
        ("u3", 1.0, False),
    ]
    assert call.opened[0].connected_at == 3.5


def test_silence_begins_before_its_note() -> None:
    """The note comes after the silence has lasted; a time within it is silent already."""
    call = as_observed().call

    assert [call.silent_at(at) for at in (9.5, 10.6, 11.8, 100.0)] == pytest.approx([9.9, 10.6, 14.7, 100.0])


def test_a_recording_that_ends_in_the_middle_is_read_to_there() -> None:
    """A killed process leaves a request without a reply, a WebSocket without a close, or half a line."""
    lines = as_observed().file.getvalue().splitlines()
    for count in range(len(lines)):
        call = parse([*lines[:count], lines[count][:20]])
        assert len(call.exchanges) + len(call.sockets) + len(call.notes) <= count


@given(
    st.lists(
        st.text()
        | st.fixed_dictionaries(
            {
                "at": st.floats(0, 9),
                "kind": st.sampled_from(["note", "request", "reply", "open", "send", "receive", "close"]),
            },
            optional={
                "call": st.integers(0, 2),
                "socket": st.integers(0, 2),
                "status": st.none() | st.just(101) | st.integers(200, 500),
                "message": st.dictionaries(st.sampled_from(["type", "state", "audio", "event_id"]), st.text()),
                "body": st.none() | st.text() | st.dictionaries(st.just("data"), st.none() | st.integers()),
            },
        ).map(str)
    )
)
def test_no_file_breaks_the_reader(lines: list[str]) -> None:
    """Unreadable lines are left out."""
    call = parse([line.replace("'", '"').replace("None", "null") for line in lines])

    assert len(call.utterances) <= len(lines)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file on disk gives the same calls."""
    (tmp_path / "call.jsonl").write_text(as_observed().file.getvalue())

    assert len(read_recording(tmp_path / "call.jsonl").exchanges) == 7
