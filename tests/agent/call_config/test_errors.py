"""The error of a call configuration."""

from agent.call_config import CallConfigError


def test_a_field_is_concerned_by_errors_within_it() -> None:
    """A field whose name merely begins alike is not concerned."""
    error = CallConfigError({"limits.hours": "there is no such field", "voices": "is wrong"})

    assert [name for name in ("limits", "voices", "voice", "") if error.concerns(name)] == ["limits", "voices"]
    assert CallConfigError({"": "is too large"}).concerns("")


def test_the_message_is_every_sentence() -> None:
    """The log shows the same text."""
    error = CallConfigError({"voice": "is empty", "": "is too large"})

    assert str(error) == "CALL CONFIG voice: is empty; CALL CONFIG: is too large"
