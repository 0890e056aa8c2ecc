"""What a caller reads while there is no avatar."""

import pytest

from agent.call.budget import Reason
from agent.control.voice_only import SENTENCES, UNAVAILABLE, voice_only
from avatar.errors import service_error


@pytest.mark.parametrize(
    "reason",
    [
        str(service_error("POST /v1/sessions/token", status_code=401, body="Invalid API key")),
        str(service_error("POST /v1/sessions/start", status_code=403, body="Insufficient credits: 0.2 left")),
        Reason.CREDITS_ARE_LOW,
        Reason.DAY_IS_USED,
        "",
    ],
)
def test_an_operators_detail_is_not_for_the_caller(reason: str) -> None:
    """Keys, status codes and balances all become one sentence for the caller."""
    assert voice_only(reason) == f"voice only: {UNAVAILABLE}"


@pytest.mark.parametrize("reason", SENTENCES)
def test_reasons_that_callers_understand_have_their_own_sentences(reason: Reason) -> None:
    """The caller may read, for example, that speaking brings the avatar back."""
    assert voice_only(reason.value) == f"voice only: {SENTENCES[reason]}"
