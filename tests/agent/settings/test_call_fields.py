"""The fields that callers may be allowed to give."""

import pytest

from agent.call_config import CallConfig
from agent.settings import Settings, SettingsError, load_settings
from agent.settings.call_fields import CALLER_FIELDS, read_call_fields


def test_fields_are_listed_as_people_write_lists() -> None:
    """Commas, blanks and quotes; `none` is nothing."""
    assert read_call_fields('"Persona, voice avatar_id,"  # on the page') == {"persona", "voice", "avatar_id"}
    assert read_call_fields("none") == frozenset()
    assert Settings().call_fields == {"persona"}


def test_what_reaches_into_the_workers_network_is_never_a_callers() -> None:
    """All other fields of a configuration can be."""
    assert CallConfig.model_fields.keys() - CALLER_FIELDS == {"tools", "webhook"}
    assert CallConfig.model_fields.keys() > CALLER_FIELDS


def test_a_field_that_can_not_be_allowed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start of the worker."""
    monkeypatch.setenv("CALL_FIELDS", "persona webhook voise")
    with pytest.raises(
        SettingsError, match=r"CALL_FIELDS: .* callers can't be allowed to give voise, webhook; there is"
    ):
        load_settings()
