"""Reading the token with which an avatar joins a room."""

from __future__ import annotations

import pytest
from livekit import api

from simulators.liveavatar.model.room_token import GRANTS, read_room_token
from tests.simulators.liveavatar.model.client import room_token


def test_token_of_the_livekit_api_has_all_required_grants() -> None:
    """The LiveKit API's defaults are those that the official plugin sends."""
    token = api.AccessToken("devkey", "a-secret-of-more-than-thirty-two-characters").with_identity("avatar")
    read = read_room_token(token.with_grants(api.VideoGrants(room_join=True, room="r")).to_jwt())

    assert read is not None
    assert (read.identity, read.missing) == ("avatar", ())


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("value", [False, None])
def test_grant_is_missing_when_it_is_false_or_left_out(grant: str, value: bool | None) -> None:
    """A grant counts only if it is written out as true."""
    read = read_room_token(room_token(**{grant: value}))

    assert read is not None
    assert read.missing == (grant,)


@pytest.mark.parametrize("token", ["accepted", "", "a.b.c", "\u00e4"])
def test_a_string_that_is_not_a_token_gives_no_claims(token: str) -> None:
    """A string that is not a JWT gives no claims."""
    assert read_room_token(token) is None
