"""Faults in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from simulators import liveavatar
from simulators.faults import KINDS, parse_faults
from simulators.faults.kinds import describe_kinds
from simulators.faults.places import CALLS
from simulators.vendors import VENDORS

if TYPE_CHECKING:
    from aiohttp import web


def names_of(app: web.Application) -> set[str]:
    """Return the names of the application's routes."""
    return {route.name for route in app.router.routes() if route.name}


def test_every_kind_has_its_name_and_its_description() -> None:
    """Each kind is listed once, and has a description."""
    names = [kind.model_fields["kind"].default for kind in KINDS]

    assert len(set(names)) == len(names)
    assert set().union(*describe_kinds().values()) == set(names)
    assert all(line.endswith(".") for kinds in describe_kinds().values() for line in kinds.values())
    assert set(describe_kinds()) == set(VENDORS)


def test_fault_has_defaults() -> None:
    """By default a fault strikes once, at the first occasion, for certain."""
    (fault,) = parse_faults([{"vendor": "liveavatar", "kind": "drop"}])

    assert (fault.at, fault.nth, fault.times, fault.probability) == (None, 1, 1, 1.0)
    assert fault.is_due_at("opening")
    assert not fault.is_due_at("speak")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"vendor": "liveavatar", "kind": "earthquake"}, "does not match any of the expected tags: 'status', 'slow'"),
        ({"vendor": "siri", "kind": "status"}, "'deepgram', 'elevenlabs', 'openai' or 'liveavatar'"),
        ({"vendor": "openai", "kind": "half_open"}, "openai has no fault of this kind; only deepgram"),
        ({"vendor": "liveavatar", "kind": "drop", "at": "lunch"}, "at must be one of opening, connected, speak"),
        ({"vendor": "liveavatar", "kind": "status", "at": "chat"}, "at must be one of token, start, stop"),
        ({"vendor": "liveavatar", "kind": "status", "after": 1}, "Extra inputs are not permitted"),
        ({"vendor": "liveavatar", "kind": "status", "status": 200}, "greater than or equal to 400"),
        ({"vendor": "liveavatar", "kind": "slow"}, "Field required"),
        ({"vendor": "liveavatar", "kind": "drop", "nth": 0}, "greater than or equal to 1"),
        ({"vendor": "liveavatar", "kind": "drop", "probability": 1.5}, "less than or equal to 1"),
    ],
)
def test_unknown_fault_is_refused(fault: dict[str, Any], told: str) -> None:
    """The message names the valid values."""
    with pytest.raises(ValidationError, match=told):
        parse_faults([fault])


def test_calls_have_the_names_of_liveavatars_routes() -> None:
    """Each route is a call, and each call a route."""
    assert names_of(liveavatar.create_app()) == set(CALLS["liveavatar"])
