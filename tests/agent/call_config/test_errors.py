"""The error of a configuration."""

from agent.call_config import CallConfigError


def test_a_field_is_concerned_by_what_is_wrong_in_it() -> None:
    """Names that begin alike are others."""
    error = CallConfigError({"limits.hours": "there is no such field", "voices": "is wrong"})

    assert [name for name in ("limits", "voices", "voice", "") if error.concerns(name)] == ["limits", "voices"]
    assert CallConfigError({"": "is too large"}).concerns("")


def test_the_message_is_every_sentence() -> None:
    """As a log shows it."""
    error = CallConfigError({"voice": "is empty", "": "is too large"})

    assert str(error) == "CALL CONFIG voice: is empty; CALL CONFIG: is too large"
