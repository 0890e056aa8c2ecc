"""What the log says about a vendor's failure."""

import pytest
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from agent.conversation.failure import describe, is_refusal

QUOTA = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}


def test_a_refusal_has_status_vendor_and_reason() -> None:
    """The framework may have wrapped the error, and the vendor may give no reason."""
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
    """The operator learns which setting to raise."""
    described = describe(error, "localhost:11434", timeout_setting="LLM_TIMEOUT")

    assert (described["reason"], described["setting"]) == ("no answer in time", "LLM_TIMEOUT")


def test_a_reason_never_quotes_the_conversation() -> None:
    """Some servers answer a bad request by quoting it; a reason is also limited in length."""
    body = {"message": "Invalid input: {'content': 'my secret number is 4711'}"}
    quoting = APIStatusError("x", status_code=422, body=body)
    long = APIStatusError("x" * 10_000, status_code=500)

    assert (
        describe(quoting, "v", said=["my secret number is 4711 "])["reason"] == "withheld: it quotes the conversation"
    )
    assert describe(quoting, "v", said=["hi"])["reason"] == body["message"]
    assert len(describe(long, "v")["reason"]) == 200


def test_a_lost_connection_has_no_status() -> None:
    """The connection has no answer that could carry one."""
    assert describe(APIConnectionError(), "v") == {"vendor": "v", "error": "APIConnectionError"}


@pytest.mark.parametrize(
    ("status", "expected"), [(400, True), (401, True), (402, True), (408, False), (429, False), (503, False)]
)
def test_a_refusal_is_an_error_that_a_repetition_would_not_change(status: int, expected: bool) -> None:
    """A busy or broken service may take the same request a moment later."""
    assert is_refusal(APIStatusError("x", status_code=status)) is expected
