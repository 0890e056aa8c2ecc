"""A caller by telephone can be transferred, but only to destinations in the persona file."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from livekit import api, rtc
from livekit.agents import ToolError, llm
from livekit.protocol.sip import SIPTransferStatus, TransferSIPParticipantRequest, TransferSIPParticipantResponse
from pydantic import TypeAdapter, ValidationError

from agent.tools import transfer
from agent.tools.transfer import Destinations, transfer_tool
from tests.agent.conversation.test_waiting import VOICE, conversation
from tests.agent.session_fakes import Reply, ScriptedLLM
from tests.agent.speech.speech_fakes import ScriptedTTS

SUPPORT = {"support": "tel:+4930123456", "sales": "sip:sales@example.com"}


class Sip:
    """A fake of LiveKit's SIP service.

    Args:
        outcome: Result of each transfer; an error is raised.
    """

    def __init__(self, outcome: int | Exception = SIPTransferStatus.STS_TRANSFER_SUCCESSFUL) -> None:
        self._outcome = outcome
        self.asked: list[TransferSIPParticipantRequest] = []

    async def transfer_sip_participant(self, request: TransferSIPParticipantRequest) -> TransferSIPParticipantResponse:
        self.asked.append(request)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return TransferSIPParticipantResponse(status=self._outcome)  # type: ignore[arg-type] # a number of the enum


class Context:
    """The part of a call that the tool uses.

    Args:
        kind: The caller's kind; None for a session without a room.
    """

    def __init__(self, kind: int | None) -> None:
        self._kind = kind
        self.session = self
        self.waits = 0

    @property
    def room_io(self) -> Any:
        if self._kind is None:
            message = "no room"
            raise RuntimeError(message)
        return SimpleNamespace(linked_participant=SimpleNamespace(kind=self._kind, identity="caller"))

    async def wait_for_playout(self) -> None:
        self.waits += 1


async def put_through(
    monkeypatch: pytest.MonkeyPatch,
    sip: Sip,
    to: str = "support",
    kind: int | None = rtc.ParticipantKind.PARTICIPANT_KIND_SIP,
) -> Context:
    """Call the tool."""
    job = SimpleNamespace(room=SimpleNamespace(name="a-room"), api=SimpleNamespace(sip=sip))
    monkeypatch.setattr(transfer, "get_job_context", lambda: job)
    context = Context(kind)
    assert await transfer_tool(SUPPORT)(raw_arguments={"destination": to}, context=context) is None
    return context


async def test_a_telephone_is_transferred_when_the_announcement_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The persona file has the address for the name."""
    sip = Sip()
    context = await put_through(monkeypatch, sip)
    [asked] = sip.asked

    assert context.waits == 1
    assert (asked.participant_identity, asked.room_name) == ("caller", "a-room")
    assert (asked.transfer_to, asked.ringing_timeout.seconds) == ("tel:+4930123456", 30)


@pytest.mark.parametrize("kind", [rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, None])
async def test_a_caller_without_a_telephone_is_not_transferred(
    monkeypatch: pytest.MonkeyPatch, kind: int | None
) -> None:
    """The language model reads the reason."""
    sip = Sip()
    with pytest.raises(ToolError, match="Only a caller by telephone"):
        await put_through(monkeypatch, sip, kind=kind)

    assert sip.asked == []


@pytest.mark.parametrize("to", ["tel:+19005550100", "", "boss"])
async def test_the_model_can_not_choose_an_address(monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """Any name that is not in the persona file is refused."""
    sip = Sip()
    with pytest.raises(ToolError, match="there is support, sales"):
        await put_through(monkeypatch, sip, to)

    assert sip.asked == []


@pytest.mark.parametrize(
    "outcome",
    [
        SIPTransferStatus.STS_TRANSFER_FAILED,
        api.TwirpError("not_found", "no such participant", status=404),
        TimeoutError(),
    ],
)
async def test_a_failed_transfer_is_an_error_for_the_model(
    monkeypatch: pytest.MonkeyPatch, outcome: int | Exception
) -> None:
    """The conversation goes on."""
    with pytest.raises(ToolError, match="support could not be reached"):
        await put_through(monkeypatch, Sip(outcome))


@pytest.mark.parametrize("uri", ["tel:+49 30 123", "+4930123456", "https://example.com", "sip:", "tel:abc"])
def test_a_destination_is_a_telephone_uri(uri: str) -> None:
    """Anything else is refused when the file is read."""
    with pytest.raises(ValidationError, match=r"such as tel:\+4930123456"):
        TypeAdapter(Destinations).validate_python({"support": uri})


def test_the_model_chooses_among_the_names() -> None:
    """It never sees an address."""
    schema = transfer_tool(SUPPORT).info.raw_schema

    assert schema["parameters"]["properties"]["destination"]["enum"] == ["support", "sales"]
    assert "4930123456" not in str(schema)


async def test_the_model_calls_it_like_any_other_tool() -> None:
    """In a session without a room it reads that there is no telephone."""
    call = llm.FunctionToolCall(name="transfer_call", arguments='{"destination": "support"}', call_id="call")
    thoughts = ScriptedLLM(Reply((call,)), Reply(("Yes, I am.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), transfer_tool(SUPPORT)) as session:
        await session.generate_reply(user_input="to the support, please")
        [output] = [item for item in session.history.items if item.type == "function_call_output"]

    assert (output.output, output.is_error) == (
        "Only a caller by telephone can be put through, and this one isn't.",
        True,
    )
