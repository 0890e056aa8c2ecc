"""The form of requests that a server accepts, learnt from its refusals."""

from __future__ import annotations

from typing import Any

import pytest

from agent.conversation.requests import Requests

SYSTEM = {"role": "system", "content": "Be kind."}
OPENING = {"role": "assistant", "content": "Hello."}
QUESTION = {"role": "user", "content": "Are you there?"}
CALL: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "15:05"}
REQUEST: dict[str, Any] = {"messages": [SYSTEM, OPENING, QUESTION], "tools": [{}], "stream_options": {}}


def after(refusal: str, request: dict[str, Any], *, status: int = 400) -> dict[str, Any]:
    """Return the request as it is sent after this refusal, now and later."""
    requests = Requests(is_openai=False)
    assert requests.learn(requests.formed(request), status, refusal) is not None
    return requests.formed(request)


@pytest.mark.parametrize(
    ("refusal", "left_out"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
        ("registry.ollama.ai/library/gemma does not support tools", "tools"),
        ('"auto" tool choice requires --enable-auto-tool-choice', "tools"),
        ("tools param requires --jinja flag", "tools"),
    ],
)
def test_a_field_that_is_refused_is_left_out(refusal: str, left_out: str) -> None:
    """The refusals are those of Ollama, vLLM and llama.cpp; nothing else changes."""
    assert after(refusal, REQUEST) == {name: value for name, value in REQUEST.items() if name != left_out}


@pytest.mark.parametrize(
    ("refusal", "sent"),
    [
        (
            "Unsupported value: 'temperature' does not support 0.2 with this model.",
            {"reasoning_effort": "low", "max_completion_tokens": 99},
        ),
        (
            "Function tools with reasoning_effort are not supported for gpt-5.6-luna in /v1/chat/completions.",
            {"temperature": 0.2, "max_completion_tokens": 99},
        ),
        (
            "Unrecognized request argument supplied: max_completion_tokens",
            {"temperature": 0.2, "reasoning_effort": "low", "max_tokens": 99},
        ),
    ],
)
def test_a_setting_that_a_model_does_not_accept_is_left_out(refusal: str, sent: dict[str, Any]) -> None:
    """The words are OpenAI's; the token limit gets its older name, and tools that the refusal also names stay."""
    settings = {"temperature": 0.2, "reasoning_effort": "low", "max_completion_tokens": 99}

    assert after(refusal, REQUEST | settings) == REQUEST | sent


def test_roles_alternate_where_the_server_requires_it() -> None:
    """A user speaks first, and consecutive messages of one role are merged; tool calls stay separate."""
    messages = [SYSTEM, OPENING, QUESTION, QUESTION, CALL, RESULT, OPENING, OPENING]
    refusal = "After the optional system message, roles must alternate user/assistant/... (except tool calls)"

    assert after(refusal, {"messages": messages})["messages"] == [
        SYSTEM,
        {"role": "user", "content": "(The call begins.)"},
        OPENING,
        {"role": "user", "content": "Are you there?\nAre you there?"},
        CALL,
        RESULT,
        {"role": "assistant", "content": "Hello.\nHello."},
    ]


@pytest.mark.parametrize("refusal", ["System role not supported", "'system' message is not allowed for this model"])
def test_a_server_without_a_system_role_gets_it_as_the_users(refusal: str) -> None:
    """Gemma's chat template has no system role."""
    assert after(refusal, REQUEST)["messages"] == [{**SYSTEM, "role": "user"}, OPENING, QUESTION]


def test_a_server_without_a_system_role_whose_roles_alternate_gets_both_changes() -> None:
    """A server that refuses two things in turn is adapted to twice."""
    requests, request = Requests(is_openai=False), {"messages": [SYSTEM, QUESTION, OPENING]}
    for refusal in ("System role not supported", "Conversation roles must alternate"):
        assert requests.learn(requests.formed(request), 400, refusal) is not None

    assert [message["role"] for message in requests.formed(request)["messages"]] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (400, "maximum context length exceeded"),
        (401, "no tools without a key"),
        (429, "too many tool calls"),
        (500, ""),
    ],
)
def test_other_refusals_change_nothing(status: int, refusal: str) -> None:
    """Other refusals are not retried: they would be refused again."""
    requests = Requests(is_openai=False)

    assert requests.learn(requests.formed(REQUEST), status, refusal) is None


def test_a_part_that_was_given_up_is_not_given_up_again() -> None:
    """A server that refuses for another reason is not asked without an end."""
    requests = Requests(is_openai=False)

    assert requests.learn(requests.formed(REQUEST), 400, "no tools here") == "tools"
    assert requests.learn(requests.formed(REQUEST), 400, "no tools here") is None


def test_openai_gets_system_messages_in_their_place() -> None:
    """For other servers a system message within the conversation becomes the user's."""
    request = {"messages": [SYSTEM, OPENING, SYSTEM]}

    assert Requests(is_openai=True).formed(request) == request
    assert Requests(is_openai=False).formed(request)["messages"] == [SYSTEM, OPENING, {**SYSTEM, "role": "user"}]
