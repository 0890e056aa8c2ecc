"""The fields that callers may be allowed to set."""

import pytest

from agent.call_config import CallConfig
from agent.settings import Settings, SettingsError, load_settings
from agent.settings.call_fields import CALLER_FIELDS, read_call_fields


def test_fields_are_read_from_a_list() -> None:
    """Commas, spaces and quotes are accepted; `none` means none."""
    assert read_call_fields('"Persona, voice avatar_id,"  # on the page') == {"persona", "voice", "avatar_id"}
    assert read_call_fields("none") == frozenset()
    assert Settings().call_fields == {"persona"}


def test_fields_that_reach_into_the_workers_network_are_never_a_callers() -> None:
    """All other fields of a configuration can be allowed."""
    assert CallConfig.model_fields.keys() - CALLER_FIELDS == {"tools", "webhook"}
    assert CallConfig.model_fields.keys() > CALLER_FIELDS


def test_a_field_that_can_not_be_allowed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker does not start."""
    monkeypatch.setenv("CALL_FIELDS", "persona webhook voise")
    with pytest.raises(
        SettingsError, match=r"CALL_FIELDS: .* callers can't be allowed to give voise, webhook; allowed"
    ):
        load_settings()
