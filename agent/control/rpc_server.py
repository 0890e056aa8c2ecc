"""The entry of all requests, by RPC or by chat: checks their sender, rate and payload."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from livekit import rtc

from agent.control.actions import Actions
from agent.control.methods import METHODS
from agent.control.payloads import Payload
from agent.control.refusal import NOT_NOW, NOT_THE_CALLER, TOO_MANY, RefusalError
from agent.rate import Bucket

logger = logging.getLogger("agent")

_NOT_NOW = "The call has not begun, or is ending."


class Callers(Protocol):
    """The callers of a call; `Presence` is one implementation."""

    def takes_part(self, identity: str) -> bool:
        """Return whether this participant is a caller who may make requests."""


class RpcServer:
    """Takes requests of the callers who take part in the call; they share one set of rate limits.

    Args:
        callers: The callers who may make requests.
        actions: Carry the requests out.
        on_use: Called with every request that is not refused for its sender or its rate.
    """

    def __init__(self, callers: Callers, actions: Actions, on_use: Callable[[], None]) -> None:
        self._callers = callers
        self._actions = actions
        self._on_use = on_use
        self._is_open = True
        self._buckets = {rate: Bucket(rate.burst, rate.per_second) for rate in {each.rate for each in METHODS.values()}}

    def open(self, participant: rtc.LocalParticipant) -> None:
        """Take requests by RPC."""
        for name in METHODS:
            participant.register_rpc_method(name, self._serve)

    def close(self, participant: rtc.LocalParticipant) -> None:
        """Unregister the methods."""
        for name in METHODS:
            participant.unregister_rpc_method(name)

    def refuse_all(self) -> None:
        """Refuse every request from here on: the call is ending."""
        self._is_open = False

    async def ask(self, name: str, payload: str | Mapping[str, object], *, caller: str) -> Payload:
        """Carry out a method, requested by RPC or by chat.

        Args:
            name: One of `METHODS`.
            payload: JSON, or an object.
            caller: Identity of the participant who asks.

        Raises:
            RefusalError: The method was not carried out; the error says why.
        """
        if not self._callers.takes_part(caller):
            raise RefusalError(NOT_THE_CALLER, "Only callers who take part in the call may ask for that.")
        if not self._is_open:
            raise RefusalError(NOT_NOW, _NOT_NOW)
        method = METHODS[name]
        if wait := self._buckets[method.rate].take(asyncio.get_running_loop().time()):
            raise RefusalError(TOO_MANY, "That is too often. Please wait a moment.", retry_after=round(wait, 3))
        self._on_use()
        try:
            return await method.act(self._actions, method.read(payload), caller)
        except RuntimeError:  # raised by the framework when the session does not run
            raise RefusalError(NOT_NOW, _NOT_NOW) from None

    async def _serve(self, call: rtc.RpcInvocationData) -> str:
        try:
            answer = await self.ask(call.method, call.payload, caller=call.caller_identity)
        except RefusalError as refusal:
            logger.debug("a request is refused", extra={"method": call.method, "code": refusal.code})
            raise refusal.to_rpc() from None
        return answer.model_dump_json()
