"""Transfers a telephone caller to a destination of the persona file."""

import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import aiohttp
from livekit import api, rtc
from livekit.agents import RunContext, ToolError, function_tool, get_job_context
from livekit.agents.llm import RawFunctionTool
from livekit.protocol.sip import SIPTransferStatus, TransferSIPParticipantRequest
from pydantic import AfterValidator, Field

logger = logging.getLogger("agent")

# Seconds for which the destination rings.
_RINGING_TIMEOUT = 30

_URI = re.compile(r"tel:\+?[0-9*#().-]{2,40}|sips?:[^\s<>]{1,200}")

_DESCRIPTION = (
    "Put the caller through to somebody else on the telephone; the talk with you ends. Use it when the caller asks for"
    " it or agrees to it. Tell the caller first, in the same answer, to whom you are putting them through."
)


def _require_uri(text: str) -> str:
    if not _URI.fullmatch(text):
        message = "must be a URI such as tel:+4930123456 or sip:support@example.com"
        raise ValueError(message)
    return text


# `[transfer]` of a persona file: the names that the language model may choose from, each with its URI.
Destinations = dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, AfterValidator(_require_uri)]]


def transfer_tool(destinations: Mapping[str, str]) -> RawFunctionTool[..., Any]:
    """Make `transfer_call`. The language model chooses a name; it never gives a number or an address.

    LiveKit transfers only participants of its SIP service: for a caller with a browser the model reads an error.
    """
    destination = {"type": "string", "enum": [*destinations], "description": "To whom"}

    async def transfer_call(raw_arguments: dict[str, Any], context: RunContext[Any]) -> None:
        name = str(raw_arguments.get("destination", ""))
        if name not in destinations:
            message = f"There is no such destination; there is {', '.join(destinations)}."
            raise ToolError(message)
        caller = _telephone_of(context)
        await context.wait_for_playout()
        await _transfer(caller, destinations[name], name)

    parameters = {"type": "object", "properties": {"destination": destination}, "required": ["destination"]}
    schema = {"name": "transfer_call", "description": _DESCRIPTION, "parameters": parameters}
    return function_tool(transfer_call, raw_schema=schema)


def _telephone_of(context: RunContext[Any]) -> str:
    """Return the identity of the linked caller, if they call by telephone."""
    try:
        caller = context.session.room_io.linked_participant
    except RuntimeError:  # a session without a room, as in the console
        caller = None
    if caller is None or caller.kind != rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
        message = "Only a caller by telephone can be put through, and this one isn't."
        raise ToolError(message)
    return caller.identity


async def _transfer(identity: str, uri: str, name: str) -> None:
    job = get_job_context()
    request = TransferSIPParticipantRequest(
        participant_identity=identity, room_name=job.room.name, transfer_to=uri, play_dialtone=True
    )
    request.ringing_timeout.FromTimedelta(timedelta(seconds=_RINGING_TIMEOUT))
    try:
        outcome = await job.api.sip.transfer_sip_participant(request)
    except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
        raise _failure(name, getattr(error, "code", type(error).__name__)) from None
    # Older servers return no outcome, which leaves the status at its default.
    if outcome.status == SIPTransferStatus.STS_TRANSFER_FAILED:
        raise _failure(name, "the destination did not take the call")
    logger.info("the caller was put through", extra={"destination": name})


def _failure(name: str, error: str) -> ToolError:
    logger.warning("a caller could not be put through", extra={"destination": name, "error": error})
    return ToolError(f"{name} could not be reached. Tell the caller, and offer to help yourself.")
