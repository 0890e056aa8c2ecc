"""The service's behaviour: one option for each observed habit.

Every default is as observed. The numbers after a text are those of the table of facts in docs/protocol.md; an option
without a number was not observed, and its default is a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_type_hints

from simulators.liveavatar.model.dialect import FULL, Dialect


class About:
    """The description of an option, and the numbers of the facts that it models."""

    def __init__(self, text: str, *facts: int) -> None:
        self.text = text
        self.facts = facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """The options of the service; times in seconds."""

    # REST. Ranges were seen; a fixed value within them keeps the model repeatable.
    token_takes: Annotated[float, About("until a token is answered", 1)] = 0.6
    start_takes: Annotated[float, About("until a start is answered; 15 on the service's bad days", 2, 3)] = 2.5
    start_takes_effect: Annotated[float, About("share of start_takes after which the session runs and costs")] = 0.5
    stop_takes: Annotated[float, About("until a stop is answered; the session ends at once")] = 0.3
    other_calls_take: Annotated[float, About("until any other call is answered")] = 0.2
    failing_starts: Annotated[tuple[int, ...], About("statuses of the first starts, which start nothing", 3, 75)] = ()
    refuses_urllib: Annotated[bool, About("403 for the user agent of Python's urllib", 5)] = True
    reasons_in_data: Annotated[bool, About("a token's refusal has its reason in data[].message", 6)] = True
    keep_alive_needs_id: Annotated[bool, About("400 for a keep-alive by API key without session_id", 10)] = True
    keep_alive_of_ended_fails: Annotated[bool, About("400 or 401 for a keep-alive after the end", 11)] = True
    # No record of a stop after the end exists; one client treats 404 as done.
    stop_of_ended: Annotated[int, About("status of a stop of a session that has ended", 12)] = 404
    stop_cancels_start: Annotated[bool, About("a stop before a start's effect prevents it; else 404")] = True
    success_code: Annotated[int, About("code of a success", 14)] = 100
    credits_as_text: Annotated[bool, About("credits_left is a string with decimals, not a number", 18)] = True
    wrong_key_code: Annotated[int, About("code of a refused API key", 19)] = 4001
    avatar_ids_need_dashes: Annotated[bool, About("422 for an avatar_id of 32 digits", 20)] = True
    rate_limit: Annotated[int, About("calls a second of each endpoint with one credential; 0 for any number", 68)] = 0

    # The room token, and the avatar in the room.
    checks_grants: Annotated[
        Literal["token", "start", "no"], About("which call refuses a room token with a grant missing", 21, 22)
    ] = "token"
    joins_after: Annotated[float, About("from the answer to a start until the avatar joins the room", 24, 76)] = 1.0
    video_codec: Annotated[Literal["H264", "VP8"], About("codec of the avatar's video", 25)] = "H264"
    hosted_agent_updates_metadata: Annotated[bool, About("the agent may set its attributes in a hosted room", 83)] = (
        True
    )

    # The WebSocket.
    socket_takes: Annotated[float, About("until a WebSocket is open")] = 0.2
    ready_after: Annotated[float, About("from the answer to a start until the session takes commands", 31)] = 0.8
    connected_after: Annotated[
        float | None, About("from the answer to a start until `connected`; none for never", 31, 32, 35)
    ] = 0.8
    tells_connected_once: Annotated[bool, About("`connected` is sent on the first WebSocket only", 36)] = True
    # Documented, and one client lost its first utterance; two clients in production speak at once and are heard.
    drops_early_commands: Annotated[bool, About("commands before readiness are dropped silently", 33, 34)] = True
    loses_speech_before_joined: Annotated[bool, About("speech before the avatar has joined is lost", 33)] = False
    max_frame_bytes: Annotated[int, About("a longer frame closes the WebSocket with 1009")] = 1_000_000
    keeps_queue: Annotated[bool, About("queued speech plays on when the WebSocket is lost")] = True

    # Speaking.
    dialect: Annotated[Dialect, About("which events are sent, and in which form", 42, 49)] = FULL
    echoes_event_ids: Annotated[bool, About("source_event_id names the client's command; else it is null", 49)] = True
    speech_starts_after: Annotated[float, About("from the first audio of an utterance to its first sound", 43)] = 0.6
    first_speech_starts_after: Annotated[float, About("the same for the first audio of a session", 44)] = 2.97
    shortest_chunk: Annotated[float, About("utterances of shorter chunks wait for speak_end", 47)] = 0.025
    refuses_unknown_fields: Annotated[bool, About("an unknown field in a command is an error", 50)] = True
    hiccup_every: Annotated[int, About("every n-th utterance brings a video_starvation; 0 for none", 51)] = 0
    interrupt_acknowledged_after: Annotated[float, About("until an interrupt is acknowledged", 54, 57)] = 0.188
    interrupt_tail: Annotated[float, About("sound that is heard after an interrupt", 54)] = 0.4

    # Limits and money.
    max_duration: Annotated[int, About("the most that a token may ask for; depends on the plan", 60, 61)] = 1200
    sandbox_max_duration: Annotated[int, About("the same for the sandbox", 60, 80)] = 60
    sandbox_seconds: Annotated[float, About("length of a sandbox session, whatever was requested", 38, 70)] = 59.2
    paid_limit: Annotated[Literal["cuts_speech", "ends"], About("what a paid session does at its limit", 69)] = (
        "cuts_speech"
    )
    speech_after_limit: Annotated[float, About("how much of an utterance is heard after that", 69)] = 0.37
    concurrency: Annotated[int, About("sessions at the same time; 1 on the free plan", 62, 65)] = 10
    sandbox_concurrency: Annotated[int, About("the same for the sandbox", 80)] = 1
    concurrency_code: Annotated[int, About("code of a start beyond that; 4003 was seen as well", 62)] = 4032
    slot_freed_after: Annotated[float, About("from the end of a session until it no longer counts", 63)] = 2.5
    credits: Annotated[float, About("the account's initial balance", 18)] = 1000.0
    credits_per_minute: Annotated[float, About("price, by the second", 66)] = 1.0
    no_credits_code: Annotated[int, About("code of a start without credits", 64)] = 4033
    has_overage: Annotated[bool, About("sessions start and go on without credits", 66)] = False
    idle_timeout: Annotated[float, About("without a command until a session ends")] = 300.0
    orphan_timeout: Annotated[float, About("without a WebSocket until a session ends", 67)] = 200.0
    # Nevertheless, 1080p video was measured in a sandbox session.
    allows_very_high: Annotated[bool, About("video quality very_high; needs the Business plan", 72)] = False
    # One note says that another avatar is silently replaced.
    sandbox_refuses_avatars: Annotated[bool, About("the sandbox takes only Wayne; else it replaces others", 73)] = True
    refuses_expired_avatars: Annotated[bool, About("a token for an expired avatar is refused", 74)] = True

    @classmethod
    def fast(cls, **changes: Any) -> Habits:
        """Make harmless habits without delays, for tests of other things; `changes` as in the constructor."""
        return replace(_FAST, **changes)


def about_habits() -> dict[str, About]:
    """Return the description of each option, by its name."""
    hints = get_type_hints(Habits, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


_FAST = Habits(
    token_takes=0.0,
    start_takes=0.0,
    stop_takes=0.0,
    other_calls_take=0.0,
    stop_of_ended=200,
    checks_grants="no",
    joins_after=0.0,
    video_codec="VP8",
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
