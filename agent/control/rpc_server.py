"""Where requests come in, over RPC or by chat: checked, counted, carried out."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession

from agent.control.actions import Actions
from agent.control.methods import METHODS
from agent.control.payloads import Payload
from agent.control.refusal import NOT_NOW, NOT_THE_CALLER, TOO_MANY, RefusalError
from agent.rate import Bucket

logger = logging.getLogger("agent")


class RpcServer:
    """Takes requests of the participant to whom the session is linked, and of nobody else.

    There is one such caller at a time, so there is one set of buckets.

    Args:
        session: One that runs in a room.
        actions: Carry the requests out.
    """

    def __init__(self, session: AgentSession[Any], actions: Actions) -> None:
        self._session = session
        self._actions = actions
        self._buckets = {rate: Bucket(rate.burst, rate.per_second) for rate in {each.rate for each in METHODS.values()}}

    def open(self, participant: rtc.LocalParticipant) -> None:
        """Take requests over RPC."""
        for name in METHODS:
            participant.register_rpc_method(name, self._serve)

    def close(self, participant: rtc.LocalParticipant) -> None:
        """Take none any more."""
        for name in METHODS:
            participant.unregister_rpc_method(name)

    async def ask(self, name: str, payload: str | Mapping[str, object], *, caller: str) -> Payload:
        """Carry a method out, whichever way it was asked for.

        Raises:
            RefusalError: It was not; with the reason.
        """
        if caller != self._linked():
            raise RefusalError(NOT_THE_CALLER, "only the caller of this call may ask for that")
        method = METHODS[name]
        if wait := self._buckets[method.rate].take(asyncio.get_running_loop().time()):
            raise RefusalError(TOO_MANY, "that is too often", retry_after=round(wait, 3))
        try:
            return await method.act(self._actions, method.read(payload), caller)
        except RuntimeError:  # the framework's word for a session that does not run
            raise RefusalError(NOT_NOW, "the call has not begun, or is ending") from None

    async def _serve(self, call: rtc.RpcInvocationData) -> str:
        try:
            answer = await self.ask(call.method, call.payload, caller=call.caller_identity)
        except RefusalError as refusal:
            logger.debug("a request is refused", extra={"method": call.method, "code": refusal.code})
            raise refusal.to_rpc() from None
        return answer.model_dump_json()

    def _linked(self) -> str | None:
        try:
            participant = self._session.room_io.linked_participant
        except RuntimeError:  # it does not run in a room, or no more
            return None
        return None if participant is None else participant.identity
