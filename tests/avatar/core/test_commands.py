"""The commands as they are sent to the service."""

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from avatar.core import Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening, to_json


@given(st.text(), st.binary(max_size=200))
def test_commands_are_valid_json_for_any_audio_and_id(event_id: str, audio: bytes) -> None:
    """The audio is base64, and an event id is escaped where necessary."""
    assert json.loads(to_json(Speak(event_id, audio))) == {
        "type": "agent.speak",
        "event_id": event_id,
        "audio": base64.b64encode(audio).decode(),
    }


def test_each_command_has_its_documented_type() -> None:
    """The service refuses unknown fields: a command has none except its id."""
    commands = (SpeakEnd, Interrupt, StartListening, StopListening, KeepAlive)
    messages = [json.loads(to_json(command("e-1"))) for command in commands]

    assert [message.pop("type") for message in messages] == [
        "agent.speak_end",
        "agent.interrupt",
        "agent.start_listening",
        "agent.stop_listening",
        "session.keep_alive",
    ]
    assert messages == [{"event_id": "e-1"}] * 5
