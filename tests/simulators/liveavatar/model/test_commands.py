"""Reading the client's frames."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.liveavatar.model.commands import Command, InvalidCommandError, parse_command


def test_parse_decodes_the_audio_when_it_is_base64() -> None:
    """`agent.speak` carries PCM."""
    frame = json.dumps({"type": "agent.speak", "event_id": "u1", "audio": base64.b64encode(b"pcm!").decode()})

    assert parse_command(frame) == Command("agent.speak", "u1", b"pcm!")


def test_parse_accepts_a_command_when_it_has_no_event_id() -> None:
    """The name of a command is optional, as public clients leave it out."""
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
def test_parse_refuses_what_is_no_command(frame: str, event_id: str | None) -> None:
    """A refusal names the client's command when it can be read."""
    with pytest.raises(InvalidCommandError) as refusal:
        parse_command(frame)

    assert refusal.value.event_id == event_id


@given(st.text() | st.from_type(dict[str, str]).map(json.dumps))
def test_parse_never_fails_otherwise_when_the_frame_is_garbage(frame: str) -> None:
    """Whatever a client sends is a command or is refused."""
    try:
        parse_command(frame)
    except InvalidCommandError:
        return
