"""Reaches running calls through LiveKit's server, whichever worker has them."""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from livekit import api
from pydantic import ValidationError

from agent.control.backend import METHOD, BackendAnswer, BackendMethod, BackendRequest, admin_token
from agent.rooms.agent_rpc import call_agent
from agent.rooms.dispatch import LIVEKIT_FAILURES, livekit_api
from agent.rooms.own import is_web_room
from agent.settings import Settings
from agent.web.call_state import CallState, agent_in, state_of, takes_requests
from agent.web.errors import RequestError

logger = logging.getLogger("agent")

# Seconds within which a call must answer, in addition to those for which the request itself waits.
_ANSWER_TIMEOUT = 10.0

# Milliseconds for which LiveKit's server waits for the agent at a time. By itself it sends a new request after three
# seconds (seen with 1.13.5); here the same request is repeated until the time is over.
_ASK_AGAIN_AFTER_MS = 2_500

# Seconds between two such requests.
_PAUSE = 0.1

# Seconds for one such request.
_REQUEST_TIMEOUT = 5.0

_ERRORS = api.TwirpErrorCode
_NO_ANSWER_YET = {_ERRORS.CANCELED, _ERRORS.DEADLINE_EXCEEDED}

_NO_CALL = "There is no such call, or it is over."
_NOT_YET = "The call has not begun, or is ending."
_NO_ANSWER = "The call did not answer in time."
_AWAY = "The call can't be reached at the moment. Please try again."
_OLD = "This LiveKit server can't pass requests on to calls. Use a newer one."

# Answers to a backend for LiveKit's errors; for all others the answer is that the call can't be reached.
_SENTENCES = {
    _ERRORS.INVALID_ARGUMENT: (HTTPStatus.CONFLICT, _NOT_YET),  # the agent has no such method (yet)
    _ERRORS.NOT_FOUND: (HTTPStatus.NOT_FOUND, _NO_CALL),
    _ERRORS.UNIMPLEMENTED: (HTTPStatus.NOT_IMPLEMENTED, _OLD),
    _ERRORS.BAD_ROUTE: (HTTPStatus.NOT_IMPLEMENTED, _OLD),
}


class RunningCalls:
    """The calls in rooms of our own LiveKit project.

    Args:
        settings: With all of LiveKit's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def state(self, call: str) -> CallState:
        """Describe a call.

        Raises:
            RequestError: There is no such call, or LiveKit's server does not answer.
        """
        return state_of(call, await self._participants(call))

    async def ask(
        self, call: str, method: BackendMethod, payload: Mapping[str, Any], *, wait: float = 0.0
    ) -> dict[str, Any]:
        """Call a method of the control protocol on a call's agent, and return its answer.

        Args:
            call: The room's name.
            method: Name of the method.
            payload: Payload of the method.
            wait: Seconds for which the method itself waits.

        Raises:
            RequestError: The request failed or was refused; it has the status and the sentence of the refusal.
        """
        agent = agent_in(await self._participants(call))
        if agent is None or not takes_requests(agent):
            raise RequestError(HTTPStatus.CONFLICT, _NOT_YET)
        return await self._ask(call, agent.identity, self._request(call, method, payload), wait)

    async def end(self, call: str) -> None:
        """End a call through its agent or, if there is none, by closing the room.

        Raises:
            RequestError: There is no such call, or it can't be reached.
        """
        agent = agent_in(await self._participants(call))
        if agent is not None and takes_requests(agent):
            await self._ask(call, agent.identity, self._request(call, "end_call", {}), 0.0)
            return
        with _told():
            async with livekit_api(self._settings) as livekit:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=call))

    async def _participants(self, call: str) -> Sequence[api.ParticipantInfo]:
        with _told():
            async with livekit_api(self._settings) as livekit:
                rooms = (await livekit.room.list_rooms(api.ListRoomsRequest(names=[call]))).rooms
                there = (await livekit.room.list_participants(api.ListParticipantsRequest(room=call))).participants
        # A project may also have rooms of other applications: only rooms named here, or with an agent, are calls.
        if not rooms or not (is_web_room(call) or agent_in(there)):
            raise RequestError(HTTPStatus.NOT_FOUND, _NO_CALL)
        return there

    def _request(self, call: str, method: BackendMethod, payload: Mapping[str, Any]) -> BackendRequest:
        token = admin_token(self._settings.livekit_api_key, self._secret, call)
        return BackendRequest(token=token, id=uuid.uuid4().hex, method=method, payload=dict(payload))

    async def _ask(self, call: str, agent: str, request: BackendRequest, wait: float) -> dict[str, Any]:
        """Send a request until it is answered; the agent carries it out once."""
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT + wait):
                while (answer := await self._answer(call, agent, request)) is None:
                    logger.debug("a request to a call is sent again", extra={"room": call, "method": request.method})
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            raise RequestError(HTTPStatus.GATEWAY_TIMEOUT, _NO_ANSWER) from None
        if (refused := answer.refused) is not None:
            raise RequestError(HTTPStatus(refused.code), refused.message, refused.retry_after)
        return answer.answer

    async def _answer(self, call: str, agent: str, request: BackendRequest) -> BackendAnswer | None:
        """Send a request once; return the answer, or None if there is none yet."""
        message = api.PerformRpcRequest(
            room=call,
            destination_identity=agent,
            method=METHOD,
            payload=request.model_dump_json(),
            response_timeout_ms=_ASK_AGAIN_AFTER_MS,
        )
        with _told():
            try:
                sent = call_agent(self._settings, message, timeout=_REQUEST_TIMEOUT)
                return BackendAnswer.model_validate_json(await sent)
            except api.TwirpError as error:
                if error.code in _NO_ANSWER_YET:
                    return None
                raise

    @property
    def _secret(self) -> str:
        return self._settings.livekit_api_secret.get_secret_value()


@contextmanager
def _told() -> Iterator[None]:
    """Turn LiveKit's failures into answers for a backend, and log them."""
    try:
        yield
    except (*LIVEKIT_FAILURES, ValidationError) as error:
        code = error.code if isinstance(error, api.TwirpError) else ""
        logger.warning("a call can't be reached", extra={"error": type(error).__name__, "code": code})
        status, sentence = _SENTENCES.get(code, (HTTPStatus.BAD_GATEWAY, _AWAY))
        raise RequestError(status, sentence) from None
