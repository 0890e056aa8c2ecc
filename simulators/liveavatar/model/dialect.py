"""The dialects in which the service was seen to send events; a client must understand all of them.

Not every session sends the documented events: some send only `agent.state_updated` and the buffer
acknowledgements (livekit/agents issue 7232), older builds name a task instead of the client's command and say
`agent.idle_started` (seen in public clients).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The server events that a session sends, and their form.

    Attributes:
        name: Its name on the command line and at the inspection endpoint.
        opening: Session states sent before `connected`.
        closing: Session states sent when the session ends.
        speaks: Whether `agent.speak_started`, `agent.speak_ended` and `agent.speak_interrupted` are sent.
        states: Whether `agent.state_updated` is sent.
        idles: Whether `agent.idle_started` and `agent.idle_ended` are sent.
        names_tasks: Whether an answer names the utterance as `task.id` instead of the client's command as
            `source_event_id`.
    """

    name: str
    opening: tuple[str, ...] = ("new", "connecting")
    closing: tuple[str, ...] = ("closing", "closed")
    speaks: bool = True
    states: bool = True
    idles: bool = False
    names_tasks: bool = False


FULL = Dialect("full")
STATE_ONLY = Dialect("state_only", opening=("new",), closing=("disconnected",), speaks=False)
SPEAK_ONLY = Dialect("speak_only", opening=("connecting",), states=False)
TASK_IDS = Dialect("task_ids", opening=("connecting",), states=False, idles=True, names_tasks=True)

DIALECTS = {dialect.name: dialect for dialect in (FULL, STATE_ONLY, SPEAK_ONLY, TASK_IDS)}
