"""The Redis of a fleet: its scripts, and whether it can be reached."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.sessions.port import JournalError

if TYPE_CHECKING:
    from redis.commands.core import Script

logger = logging.getLogger("agent")

# Oldest supported version of Redis, older ones are out of maintenance; Valkey reports a compatible version of Redis.
_OLDEST = (6, 2)

# Seconds for a connection, and for an answer; calls wait for some requests.
_TIMEOUT = 1.0

# Seconds without requests after a failure, so that calls don't wait for a Redis that is away.
_PAUSE = 0.5

# Prefix of every key.
_PREFIX = "{liveavatar-agent}:"

_SCRIPTS = Path(__file__).parent / "scripts"


class StateAwayError(JournalError):
    """Redis can't be reached, or has refused a command."""


class StateError(Exception):
    """This Redis can't be used at all; the message says why, without the password."""


class RedisState:
    """Runs scripts in a Redis; any thread may use it, before and after a fork.

    Args:
        url: Such as `redis://:password@redis.example:6379/0`; `rediss` for TLS, with `?ssl_ca_certs=` and a file for a
            private certificate authority.
        clock: Returns monotonic seconds.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        # The import takes half a second and 10 MB in each process, and only a fleet needs it.
        import redis  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        self._failure = redis.RedisError
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            # One retry: a connection may have been closed while it was idle. Every script may run twice.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._clock = clock
        self._asks_after = 0.0
        self._is_away = False
        self._changing = threading.Lock()
        common = (_SCRIPTS / "common.lua").read_text("utf-8")
        self._scripts: dict[str, Script] = {
            path.stem: self._redis.register_script(f"{common}\n{path.read_text('utf-8')}")
            for path in _SCRIPTS.glob("*.lua")
        }

    @property
    def is_away(self) -> bool:
        """True from a failure until the next answer."""
        return self._is_away

    def check(self) -> None:
        """Make sure that this Redis can be used.

        Raises:
            StateError: It can't.
        """
        try:
            if problem := _problem(self._redis.info("all")):
                message = f"the Redis {problem}"
                raise StateError(message)
            self.run_many(
                "release", [("no session",)]
            )  # changes nothing, and needs the rights to write and load scripts
        except (self._failure, OSError, StateAwayError) as error:
            message = f"the Redis can't be used: {_reason(error)}"
            raise StateError(message) from None

    def run(self, script: str, *values: str | float) -> Any:
        """Run a script.

        Raises:
            StateAwayError: The script may have run or not.
        """
        return self._ask(lambda: self._scripts[script](keys=[_PREFIX], args=list(values)))

    def run_many(self, script: str, calls: Sequence[tuple[str | float, ...]]) -> None:
        """Run a script for each tuple of arguments, in one request.

        Raises:
            StateAwayError: Some of them may have been run.
        """

        def ask() -> None:
            with self._redis.pipeline(transaction=False) as pipeline:
                for values in calls:
                    self._scripts[script](keys=[_PREFIX], args=list(values), client=pipeline)
                pipeline.execute()

        self._ask(ask)

    def conversation(self, room: str) -> str | None:
        """Read the conversation of a room.

        Raises:
            StateAwayError: It can't be read.
        """
        found: str | None = self._ask(lambda: self._redis.hget(f"{_PREFIX}conversation:{room}", "text"))
        return found

    def close(self) -> None:
        """Close all connections."""
        self._redis.close()

    def _ask(self, ask: Callable[[], Any]) -> Any:
        if self._clock() < self._asks_after:
            message = "the fleet's Redis (STATE_URL) did not answer a moment ago"
            raise StateAwayError(message)
        try:
            answer = ask()
        # A ValueError if another thread has closed the connection, an OSError if a TLS file can't be read.
        except (self._failure, ValueError, OSError) as error:
            self._asks_after = self._clock() + _PAUSE
            self._change(is_away=True, reason=_reason(error))
            message = f"the fleet's Redis (STATE_URL) can't be used: {_reason(error)}"
            raise StateAwayError(message) from None
        self._change(is_away=False)
        return answer

    def _change(self, *, is_away: bool, reason: str = "") -> None:
        with self._changing:
            has_changed, self._is_away = is_away != self._is_away, is_away
        if has_changed and is_away:
            logger.error("the fleet's Redis is away; calls go on", extra={"error": reason})
        elif has_changed:
            logger.warning("the fleet's Redis is back")


def _problem(info: Mapping[str, Any]) -> str:
    """Return why a server can't hold the state of a fleet, from its INFO; empty if it can."""
    version = str(info.get("redis_version", "0"))
    mode = info.get("redis_mode") or info.get("server_mode")  # Valkey's name for it
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return f"has version {version}, and needs {'.'.join(map(str, _OLDEST))} or a newer one"
    if mode == "sentinel":
        return "is a Sentinel, which holds no data: name the primary, or an address that follows it"
    if mode == "cluster":
        return "is a node of a cluster, whose other nodes would not be found: name a server that is not in a cluster"
    return "is a replica, which can't be written: name the primary" if info.get("role") == "slave" else ""


def _reason(error: Exception) -> str:
    """Return the first line of an error; the client's errors name host and port, and no password."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
