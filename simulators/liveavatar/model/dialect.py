"""The dialects in which the service has been seen to speak; a client must understand each.

The documented events are not what every session sends: some sessions send only `agent.state_updated` and the buffer
acknowledgements (livekit/agents issue 7232), older builds name a task instead of the client's command and say
`agent.idle_started` (seen in public clients).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which server events a session sends, and in which words.

    Attributes:
        name: as the command line and the inspection endpoint know it.
        opening: session states sent before `connected`.
        closing: session states sent when the session ends.
        speaks: `agent.speak_started`, `agent.speak_ended` and `agent.speak_interrupted` are sent.
        states: `agent.state_updated` is sent.
        idles: `agent.idle_started` and `agent.idle_ended` are sent.
        names_tasks: an answer names the utterance as `task.id`, not the client's command as `source_event_id`.
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
