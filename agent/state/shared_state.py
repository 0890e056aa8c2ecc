"""Opens the state that workers share, as the settings say."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.settings import Settings, SettingsError
from agent.state.conversations import Conversations, FleetConversations, LocalConversations, NoConversations
from agent.state.fleet import FleetJournal
from agent.state.leases import Leases
from agent.state.redis_state import RedisState, StateError
from avatar.sessions.journal import SessionJournal
from avatar.sessions.port import Journal, LeftRoom


@dataclass(frozen=True, slots=True)
class SharedState:
    """The state of workers.

    Attributes:
        journal: Journal of their sessions and slots.
        conversations: Conversations of their calls.
        own: Makes this process the owner of its call; until then, others don't notice its death.
        is_away: Returns whether the fleet's Redis does not answer; False on a single machine.
        leases: Leases of the fleet; None on a single machine, where file locks show which processes live.
    """

    journal: Journal
    conversations: Conversations
    own: Callable[[], object]
    is_away: Callable[[], bool]
    leases: Leases | None = None


def open_state(
    settings: Settings, *, call: LeftRoom | None = None, on_lost: Callable[[], None] | None = None
) -> SharedState:
    """Open the state, without a request or a write.

    Args:
        settings: Contain its place.
        call: See `FleetJournal`.
        on_lost: See `FleetJournal`.
    """
    local = SessionJournal(settings.state_dir)
    conversations = LocalConversations(settings.state_dir)
    if not settings.state_url.get_secret_value():
        state = SharedState(local, conversations, own=lambda: None, is_away=lambda: False)
    else:
        redis = RedisState(settings.state_url.get_secret_value())
        starts_alone = settings.state_away == "local"
        fleet = FleetJournal(local, redis, call=call, starts_alone=starts_alone, on_lost=on_lost)
        shared = FleetConversations(conversations, redis, lambda: local.owner)
        state = SharedState(fleet, shared, own=fleet.own, is_away=lambda: redis.is_away, leases=Leases(redis))
    if settings.keep_conversation:
        return state
    return replace(state, conversations=NoConversations())


def load_state_client(settings: Settings) -> None:
    """Import the client of the fleet's Redis, if there is one; a call would wait for the import."""
    if settings.state_url.get_secret_value():
        importlib.import_module("redis")


def check_state(settings: Settings) -> None:
    """Make sure that the fleet's Redis, if there is one, can be used.

    Raises:
        SettingsError: It can't.
    """
    if not (url := settings.state_url.get_secret_value()):
        return
    redis = RedisState(url)
    try:
        redis.check()
    except StateError as error:
        raise SettingsError([f"STATE_URL: {error}"]) from None
    finally:
        redis.close()
