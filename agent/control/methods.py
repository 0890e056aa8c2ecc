"""The methods of the control protocol: their payloads, answers and rate limits."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agent.control import payloads
from agent.control.actions import Actions
from agent.control.payloads import Payload
from agent.control.refusal import refusal_of


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: a burst of calls, then so many a second. All methods with the same limit share one bucket."""

    burst: int
    per_second: float


SPEECH = Rate(burst=10, per_second=1.0)
OTHER = Rate(burst=20, per_second=5.0)


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        payload: Model of its payload.
        answer: Model of its answer.
        act: Carries the method out, with a payload and the caller's identity; docs/control.md quotes its docstring.
        rate: Its rate limit.
    """

    payload: type[Payload]
    answer: type[Payload]
    act: Callable[[Actions, Any, str], Awaitable[Payload]]
    rate: Rate = OTHER

    def read(self, payload: str | Mapping[str, object]) -> Payload:
        """Read the payload, from JSON or from an object.

        Raises:
            RefusalError: The method does not take this payload.
        """
        try:
            if isinstance(payload, str):
                return self.payload.model_validate_json(payload or "{}")
            return self.payload.model_validate(payload)
        except ValidationError as error:
            raise refusal_of(error) from None


METHODS: dict[str, Method] = {
    "talk": Method(payloads.Talk, payloads.Nothing, Actions.talk, SPEECH),
    "repeat": Method(payloads.Repeat, payloads.Repeated, Actions.repeat, SPEECH),
    "get_repeat": Method(payloads.GetRepeat, payloads.RepeatState, Actions.get_repeat),
    "interrupt": Method(payloads.Nothing, payloads.Nothing, Actions.interrupt),
    "push_to_talk_start": Method(payloads.Nothing, payloads.Nothing, Actions.push_to_talk_start),
    "push_to_talk_end": Method(payloads.Nothing, payloads.Nothing, Actions.push_to_talk_end),
    "set_input": Method(payloads.SetInput, payloads.Nothing, Actions.set_input),
    "set_persona": Method(payloads.SetPersona, payloads.Persona, Actions.set_persona),
    "end_call": Method(payloads.Nothing, payloads.Nothing, Actions.end_call),
}
