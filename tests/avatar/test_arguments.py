"""The required arguments of an avatar session."""

import pytest
from livekit import rtc

from avatar import ConfigurationError
from avatar.arguments import local_identity, require
from tests.avatar.virtual_room import VirtualRoom


def test_all_missing_arguments_are_named_at_once() -> None:
    """Only missing arguments are named: a given one may be a secret."""
    with pytest.raises(ConfigurationError, match="needs A_KEY, A_URL: set it in the environment") as error:
        require(A_KEY="", A_NAME="secret", A_URL="")

    assert "secret" not in str(error.value)
    require(A_NAME="given")


async def test_outside_of_a_job_the_room_gives_the_agents_identity() -> None:
    """The room has to be connected: before that the agent has no identity."""
    room = VirtualRoom()
    assert local_identity(room) == "the-agent"

    room.connection(rtc.ConnectionState.CONN_DISCONNECTED)
    with pytest.raises(ConfigurationError, match="connect the room"):
        local_identity(room)
