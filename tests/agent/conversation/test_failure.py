"""What the log says of a vendor's failure."""

import pytest
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from agent.conversation.failure import describe, is_refusal

QUOTA = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}


def test_a_refusal_has_status_vendor_and_reason() -> None:
    """Also when the framework has wrapped it, and when the vendor gives no reason."""
    refused = APIStatusError("Error code: 429", status_code=429, body=QUOTA)
    wrapped = APIConnectionError("failed after 2 attempts")
    wrapped.__cause__ = refused

    expected = {"vendor": "api.openai.com", "status": 429, "reason": "You exceeded your current quota."}
    assert describe(refused, "api.openai.com") == {**expected, "error": "APIStatusError"}
    assert describe(wrapped, "api.openai.com") == {**expected, "error": "APIConnectionError"}
    assert describe(APIStatusError("Invalid response status", status_code=400), "Deepgram")["reason"] == (
        "Invalid response status"
    )


@pytest.mark.parametrize("error", [TimeoutError(), APITimeoutError()])
def test_a_timeout_names_the_setting_that_bounds_it(error: Exception) -> None:
    """So that the operator knows what to raise."""
    described = describe(error, "localhost:11434", timeout_setting="LLM_TIMEOUT")

    assert (described["reason"], described["setting"]) == ("no answer in time", "LLM_TIMEOUT")


def test_a_reason_never_quotes_the_conversation() -> None:
    """Some servers answer a wrong request with the request; and a reason has an end."""
    body = {"message": "Invalid input: {'content': 'my secret number is 4711'}"}
    quoting = APIStatusError("x", status_code=422, body=body)
    long = APIStatusError("x" * 10_000, status_code=500)

    assert (
        describe(quoting, "v", said=["my secret number is 4711 "])["reason"] == "withheld: it quotes the conversation"
    )
    assert describe(quoting, "v", said=["hi"])["reason"] == body["message"]
    assert len(describe(long, "v")["reason"]) == 200


def test_a_lost_connection_has_no_status() -> None:
    """There is nothing else to say of it."""
    assert describe(APIConnectionError(), "v") == {"vendor": "v", "error": "APIConnectionError"}


@pytest.mark.parametrize(
    ("status", "expected"), [(400, True), (401, True), (402, True), (408, False), (429, False), (503, False)]
)
def test_a_refusal_is_what_will_be_refused_again(status: int, expected: bool) -> None:
    """A busy or broken service may take the same request a moment later."""
    assert is_refusal(APIStatusError("x", status_code=status)) is expected
