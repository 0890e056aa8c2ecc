"""Takes the requests of backends, which LiveKit's server passes on."""

import asyncio
import logging
from collections.abc import Callable

from livekit import rtc
from pydantic import ValidationError

from agent.control.actions import Actions
from agent.control.backend import METHOD, BackendAnswer, BackendRequest, Refused, is_admin
from agent.control.refusal import BAD_PAYLOAD, NOT_THE_CALLER, RefusalError
from agent.control.rpc_server import RpcServer
from agent.settings import Settings

logger = logging.getLogger("agent")

# Requests whose answers are kept in case they arrive again; more than the rate limits let through in a minute.
_MOST_ANSWERS = 100


class _Backends:
    """The callers of an `RpcServer` whose requests have been checked already."""

    def takes_part(self, _: str) -> bool:
        return True


class BackendRpc:
    """Takes the requests of backends that can administer the room; they have rate limits of their own.

    Args:
        settings: Contain LiveKit's keys, which verify tokens. Without a secret no request is taken.
        room: The agent's room.
        actions: Carry the requests out.
        on_use: Called with every request that is not refused for its sender or its rate.
    """

    def __init__(self, settings: Settings, room: rtc.Room, actions: Actions, on_use: Callable[[], None]) -> None:
        self._key = settings.livekit_api_key
        self._secret = settings.livekit_api_secret.get_secret_value()
        self._room = room
        self._rpc = RpcServer(_Backends(), actions, on_use)
        self._answers: dict[str, asyncio.Task[BackendAnswer]] = {}

    def open(self, participant: rtc.LocalParticipant) -> None:
        """Take requests."""
        if self._secret:
            participant.register_rpc_method(METHOD, self._serve)

    def close(self, participant: rtc.LocalParticipant) -> None:
        """Unregister the method."""
        if self._secret:
            participant.unregister_rpc_method(METHOD)

    def refuse_all(self) -> None:
        """Refuse every request from here on: the call is ending."""
        self._rpc.refuse_all()

    async def _serve(self, call: rtc.RpcInvocationData) -> str:
        try:
            answer = await asyncio.shield(self._answer(self._read(call.payload)))
        except RefusalError as refusal:
            answer = _refused(refusal)
        return answer.model_dump_json()

    def _read(self, payload: str) -> BackendRequest:
        """Read a request.

        Raises:
            RefusalError: The payload is not a request, or its sender can't administer the room.
        """
        try:
            request = BackendRequest.model_validate_json(payload)
        except ValidationError:
            raise RefusalError(BAD_PAYLOAD, "This is not a backend's request.") from None
        if not is_admin(request.token, self._key, self._secret, self._room.name):
            logger.warning("a request to the call is refused, its sender can't administer the room")
            raise RefusalError(NOT_THE_CALLER, "The token does not belong to an administrator of this room.")
        return request

    def _answer(self, request: BackendRequest) -> "asyncio.Task[BackendAnswer]":
        """Carry out a request; if it arrived before, return the task that was begun then."""
        if request.id not in self._answers:
            self._answers[request.id] = asyncio.create_task(self._carry_out(request), name="backend_request")
            if len(self._answers) > _MOST_ANSWERS:
                del self._answers[next(iter(self._answers))]
        return self._answers[request.id]

    async def _carry_out(self, request: BackendRequest) -> BackendAnswer:
        try:
            answer = await self._rpc.ask(request.method, request.payload, caller="")
        except RefusalError as refusal:
            return _refused(refusal)
        return BackendAnswer(answer=answer.model_dump())


def _refused(refusal: RefusalError) -> BackendAnswer:
    return BackendAnswer(refused=Refused(code=refusal.code, message=str(refusal), retry_after=refusal.retry_after))
