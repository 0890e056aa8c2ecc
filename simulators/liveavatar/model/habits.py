"""How the service behaves: one option for each thing that was seen of it.

Every default is what was observed. The numbers after a text are those of the table of facts in docs/protocol.md; an
option without a number has no observation behind it, and its default is a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, cast

from simulators.liveavatar.model.dialect import FULL, Dialect

T = TypeVar("T")


def habit(default: T, text: str, *facts: int) -> T:
    """Declare an option: its default, its help, and the numbers of the facts that it models."""
    return cast("T", field(default=default, metadata={"text": text, "facts": facts}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """The options of the service; times in seconds."""

    # REST. Ranges were seen; a fixed value within them keeps the model repeatable.
    token_takes: float = habit(0.6, "until a token is answered", 1)
    start_takes: float = habit(2.5, "until a start is answered; 15 on the service's bad days", 2, 3)
    start_takes_effect: float = habit(0.5, "share of start_takes after which the session runs and costs")
    stop_takes: float = habit(0.3, "until a stop is answered; the session ends at once")
    other_calls_take: float = habit(0.2, "until any other call is answered")
    failing_starts: tuple[int, ...] = habit((), "statuses of the first starts, which start nothing", 3, 75)
    refuses_urllib: bool = habit(True, "403 for the user agent of Python's urllib", 5)
    reasons_in_data: bool = habit(True, "the reason of a refused token is in data[].message, not in message", 6)
    keep_alive_needs_id: bool = habit(True, "400 for a keep-alive with the API key and without session_id", 10)
    keep_alive_of_ended_fails: bool = habit(True, "400 or 401 for a keep-alive of a session that has ended", 11)
    # Nobody has recorded a stop of a session that ended by itself; one client treats 404 as done.
    stop_of_ended: int = habit(404, "status of a stop of a session that has ended", 12)
    stop_cancels_start: bool = habit(True, "a stop before the start took effect keeps it from doing so; else 404")
    success_code: int = habit(100, "code of a success", 14)
    credits_as_text: bool = habit(True, "credits_left is a string with decimals, not a number", 18)
    wrong_key_code: int = habit(4001, "code of a refused API key", 19)
    avatar_ids_need_dashes: bool = habit(True, "422 for an avatar_id of 32 digits", 20)
    rate_limit: int = habit(0, "calls a second of each endpoint with one credential; 0 for any number", 68)

    # The room token, and the avatar in the room.
    checks_grants: Literal["token", "start", "no"] = habit(
        "token", "the call that refuses a room token without join, publish, subscribe or data", 21, 22
    )
    joins_after: float = habit(1.0, "from the answer to a start until the avatar joins the room", 24, 76)
    video_codec: Literal["H264", "VP8"] = habit("H264", "codec of the avatar's video", 25)
    hosted_agent_updates_metadata: bool = habit(
        True, "the agent's token of a room of the service's own allows it to set its attributes", 83
    )

    # The WebSocket.
    socket_takes: float = habit(0.2, "until a WebSocket is open")
    ready_after: float = habit(0.8, "from the answer to a start until the session takes commands", 31)
    connected_after: float | None = habit(
        0.8, "from the answer to a start until `connected` is told; 5.6 for late, none for never", 31, 32, 35
    )
    tells_connected_once: bool = habit(True, "`connected` is told on a session's first WebSocket only", 36)
    # Documented, and a first utterance was lost so; two clients in production speak at once and are heard.
    drops_early_commands: bool = habit(True, "commands before the session is ready are dropped without a word", 33, 34)
    loses_speech_before_joined: bool = habit(False, "speech that comes before the avatar has joined is lost", 33)
    max_frame_bytes: int = habit(1_000_000, "a longer frame closes the WebSocket with 1009")
    keeps_queue: bool = habit(True, "queued speech plays on when the WebSocket is lost")

    # Speaking.
    dialect: Dialect = habit(FULL, "which events are sent, in which words", 42, 49)
    echoes_event_ids: bool = habit(True, "source_event_id names the client's command; else it is null", 49)
    speech_starts_after: float = habit(0.6, "from the first audio of an utterance to its first sound", 43)
    first_speech_starts_after: float = habit(2.97, "the same for the first audio of a session", 44)
    shortest_chunk: float = habit(0.025, "an utterance of shorter chunks alone is played at its speak_end", 47)
    refuses_unknown_fields: bool = habit(True, "a command with an unknown field is answered with an error", 50)
    hiccup_every: int = habit(0, "one in so many utterances brings a video_starvation without a cause; 0 for none", 51)
    interrupt_acknowledged_after: float = habit(0.188, "until an interrupt is acknowledged", 54, 57)
    interrupt_tail: float = habit(0.4, "sound that is heard after an interrupt", 54)

    # Limits and money.
    max_duration: int = habit(1200, "the longest session that a token may ask for; depends on the plan", 60, 61)
    sandbox_max_duration: int = habit(60, "the same for the sandbox", 60, 80)
    sandbox_seconds: float = habit(59.2, "length of a sandbox session, whatever was asked for", 38, 70)
    paid_limit: Literal["cuts_speech", "ends"] = habit(
        "cuts_speech", "at its limit a paid session only cuts speech short, or it ends like one of the sandbox", 69
    )
    speech_after_limit: float = habit(0.37, "what is heard of an utterance after the limit of a paid session", 69)
    concurrency: int = habit(10, "sessions at the same time; 1 on the free plan", 62, 65)
    sandbox_concurrency: int = habit(1, "the same for the sandbox", 80)
    concurrency_code: int = habit(4032, "code of a start beyond that; 4003 was seen as well", 62)
    slot_freed_after: float = habit(2.5, "from the end of a session until it no longer counts", 63)
    credits: float = habit(1000.0, "what the account has at first", 18)
    credits_per_minute: float = habit(1.0, "price, by the second", 66)
    no_credits_code: int = habit(4033, "code of a start without credits", 64)
    has_overage: bool = habit(False, "sessions start and go on without credits", 66)
    idle_timeout: float = habit(300.0, "without a command until a session ends")
    orphan_timeout: float = habit(200.0, "without a WebSocket until a session ends", 67)
    # A 1080p picture was measured in a sandbox session all the same.
    allows_very_high: bool = habit(False, "video quality very_high; needs the Business plan", 72)
    # One note says that another avatar is replaced without a word.
    sandbox_refuses_avatars: bool = habit(True, "the sandbox refuses avatars other than Wayne; else replaces them", 73)
    refuses_expired_avatars: bool = habit(True, "a token for an expired avatar is refused", 74)

    @classmethod
    def fast(cls, **changes: Any) -> Habits:
        """Make kind habits without delays, for tests of something else; `changes` as in the constructor."""
        return replace(_FAST, **changes)

    @classmethod
    def texts(cls) -> dict[str, str]:
        """Tell what each option is, by its name."""
        return {each.name: each.metadata["text"] for each in fields(cls)}

    @classmethod
    def facts(cls) -> dict[str, tuple[int, ...]]:
        """Tell which facts each option models, by its name."""
        return {each.name: each.metadata["facts"] for each in fields(cls)}


_FAST = Habits(
    token_takes=0.0,
    start_takes=0.0,
    stop_takes=0.0,
    other_calls_take=0.0,
    stop_of_ended=200,
    checks_grants="no",
    joins_after=0.0,
    socket_takes=0.0,
    ready_after=0.0,
    connected_after=0.0,
    tells_connected_once=False,
    speech_starts_after=0.0,
    first_speech_starts_after=0.0,
    shortest_chunk=0.0,
    interrupt_acknowledged_after=0.0,
    interrupt_tail=0.0,
    slot_freed_after=0.0,
    sandbox_concurrency=10,
    allows_very_high=True,
)
