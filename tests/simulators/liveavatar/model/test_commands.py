"""Parsing the client's frames."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.liveavatar.model.commands import Command, InvalidCommandError, parse_command


def test_parse_decodes_base64_audio() -> None:
    """`agent.speak` carries PCM."""
    frame = json.dumps({"type": "agent.speak", "event_id": "u1", "audio": base64.b64encode(b"pcm!").decode()})

    assert parse_command(frame) == Command("agent.speak", "u1", b"pcm!")


def test_parse_accepts_a_command_without_an_event_id() -> None:
    """The id is optional, as public clients leave it out."""
    assert parse_command('{"type": "agent.interrupt"}') == Command("agent.interrupt")


@pytest.mark.parametrize(
    ("frame", "event_id"),
    [
        ("not JSON", None),
        ('"a string"', None),
        ('{"type": "agent.sing", "event_id": "x"}', "x"),
        ('{"type": ["agent.speak"]}', None),
        ('{"type": "agent.speak", "event_id": "x"}', "x"),
        ('{"type": "agent.speak", "event_id": "x", "audio": "*"}', "x"),
        ('{"type": "agent.speak", "event_id": "x", "audio": "\u00e4"}', "x"),
        ('{"type": "agent.speak", "event_id": 7, "audio": 7}', None),
    ],
)
def test_parse_refuses_an_invalid_command(frame: str, event_id: str | None) -> None:
    """A refusal has the id of the command if it can be read."""
    with pytest.raises(InvalidCommandError) as refusal:
        parse_command(frame)

    assert refusal.value.event_id == event_id


@given(st.text() | st.from_type(dict[str, str]).map(json.dumps))
def test_parse_accepts_or_refuses_any_frame(frame: str) -> None:
    """No frame raises another error."""
    try:
        parse_command(frame)
    except InvalidCommandError:
        return
