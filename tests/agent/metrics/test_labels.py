"""Labels have few values, and those that the code uses are among them."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

from agent.call.budget import Reason
from agent.metrics import labels

ROOT = Path(__file__).parents[3]
LEFT = re.compile(r'(?:leave(?:_used|_all)?|_give_up|_dismiss_avatar)\((?:[^()"]|\n)*f?"([^"{]+)', re.MULTILINE)
ENDED = re.compile(r'_ending\.begin(?:\(|, )f?"([^"{]+)')


def test_every_end_of_a_call_has_a_label() -> None:
    """The reasons in agent/call/call.py are known."""
    reasons = ENDED.findall((ROOT / "agent/call/call.py").read_text())

    assert len(reasons) >= 5
    for reason in reasons:
        assert any(known.startswith(reason) for known in labels.CALL_ENDS), reason


def test_every_end_of_a_session_has_a_label() -> None:
    """The reasons in the avatar's core are known."""
    details = {each for path in (ROOT / "avatar/core").glob("*.py") for each in LEFT.findall(path.read_text())}

    assert len(details) >= 8
    assert [detail for detail in details if labels.one_of(labels.SESSION_ENDS, detail) == labels.OTHER] == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("the service ended the session: max duration", "the service ended the session"),
        (Reason.IDLE, Reason.IDLE.value),
        ("POST /v1/sessions was answered with 418: secret words", "other"),
    ],
)
def test_a_label_has_no_details(text: str, label: str) -> None:
    """The service's own words stay in the log."""
    assert labels.one_of(labels.SESSION_ENDS, text) == label


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (APIStatusError("no", status_code=429), "429"),
        (APIStatusError("no", status_code=4008), "other"),
        (APIStatusError("no"), "other"),
        (APITimeoutError(), "timeout"),
        (APIConnectionError(), "connection"),
        (ValueError("words"), "other"),
    ],
)
def test_a_vendors_error_is_a_status_or_one_of_three_words(cause: Exception, status: str) -> None:
    """The close codes of WebSockets are not listed one by one."""
    error = SimpleNamespace(type="stt_error", error=cause)

    assert (labels.vendor_of(error), labels.status_of(error)) == ("deepgram", status)


def test_another_error_has_no_vendor() -> None:
    """An error of the turn detector is not a vendor's."""
    assert labels.vendor_of(SimpleNamespace(type="interruption_detection_error")) == "other"
