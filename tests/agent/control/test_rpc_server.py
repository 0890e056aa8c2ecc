from __future__ import annotations

import asyncio
import json

import pytest

from agent.control.methods import METHODS, OTHER, SPEECH
from tests.agent.control.caller import calling
from tests.agent.control.fakes import CALLER
from tests.agent.session_fakes import Reply
from tests.agent.speech.speech_fakes import ClockedOutput


async def test_every_method_is_registered_during_the_call() -> None:
    """The RPC methods and the attribute that announces them exist while the session runs."""
    async with calling() as caller:
        assert set(caller.agent.methods) == set(METHODS)
        await caller.control.attributes._outbox._is_empty.wait()
        assert caller.agent.attributes["control"] == "1"

    assert caller.agent.methods == {}
    assert [event["type"] for event in caller.agent.packets] == ["usage", "usage"]


@pytest.mark.parametrize("method", METHODS)
async def test_only_callers_who_take_part_may_ask(method: str) -> None:
    """Spectators are refused, and anyone once the caller has left; refused requests use up no limit."""
    async with calling() as caller:
        caller.room.come("stranger")
        for _ in range(30):
            assert (await caller.refusal(method, caller="stranger")).code == 403
        caller.room.leave(CALLER)
        assert (await caller.refusal(method)).code == 403
        assert caller.uses == 0


async def test_a_second_caller_may_ask_as_well() -> None:
    """The link moves to the caller who speaks; requests of the first one's page are still accepted."""
    async with calling() as caller:
        caller.room.come("second", microphone=True)
        caller.room.speak("second")
        assert caller.presence.linked == "second"

        assert await caller.call("interrupt") == {}
        assert await caller.call("interrupt", caller="second") == {}


async def test_a_request_counts_as_use_of_the_call() -> None:
    """The speech that it asked for counts as well."""
    async with calling() as caller:
        await caller.call("repeat", '{"text": "Fine."}')
        assert caller.uses == 1
        await caller.hears(1)

        assert caller.uses == 3


async def test_a_call_that_ends_refuses_requests() -> None:
    """The goodbye must not be interrupted."""
    async with calling() as caller:
        caller.control.refuse_requests()

        assert (await caller.refusal("talk", '{"text": "hello"}')).code == 409


@pytest.mark.parametrize(
    ("method", "payload", "code", "told"),
    [
        ("talk", "", 400, "text: Field required"),
        ("talk", "{", 400, "Invalid JSON"),
        ("talk", "[]", 400, "object"),
        ("talk", '{"text": "   "}', 400, "at least 1 character"),
        ("talk", '{"text": 1}', 400, "valid string"),
        ("talk", '{"text": "hello", "loud": true}', 400, "loud: Extra inputs"),
        ("repeat", json.dumps({"text": "a" * 2_001}), 413, "at most 2000 characters"),
        ("set_input", '{"mode": "closed"}', 400, "mode: Input should be 'open' or 'push_to_talk'"),
        ("set_persona", '{"persona": "nobody"}', 404, "there is nova, poet"),
        ("push_to_talk_end", "{}", 409, "push_to_talk_start comes first"),
    ],
)
async def test_impossible_requests_are_refused_with_a_reason(method: str, payload: str, code: int, told: str) -> None:
    """The error has a code and a sentence without the payload's own words."""
    async with calling() as caller:
        error = await caller.refusal(method, payload)

    assert (error.code, error.data) == (code, None)
    assert told in error.message
    assert "hello" not in error.message


@pytest.mark.parametrize("method", ["talk", "interrupt"])
async def test_a_session_that_has_ended_refuses_requests(method: str) -> None:
    """The request came too late, which is not a bug."""
    async with calling() as caller:
        await caller.session.aclose()

        assert (await caller.refusal(method, '{"text": "hello"}' if method == "talk" else "{}")).code == 409


async def test_too_many_requests_are_told_when_to_come_back() -> None:
    """`talk` and `repeat` share one rate limit; the other methods have their own."""
    async with calling() as caller:
        for count in range(SPEECH.burst):
            method = "talk" if count % 2 else "repeat"
            assert (await caller.refusal(method, "{}")).code == 400
        error = await caller.refusal("repeat", '{"text": "Fine."}')
        assert error.code == 429
        assert 0.0 < json.loads(error.data or "")["retry_after"] <= 1.0
        for _ in range(OTHER.burst):
            await caller.call("interrupt")
        assert (await caller.refusal("set_input")).code == 429


async def test_a_text_interrupts_current_speech() -> None:
    """The story is cut where it was heard to, as by a spoken word, and both are published."""
    async with calling(Reply(("Fine.",))) as caller:
        await caller.call("repeat", '{"text": "A story without an end."}')
        output = caller.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        assert await caller.call("talk", '{"text": " {1 + 1} stop "}') == {}
        await caller.hears(2)

    assert [asked[-1] for asked in caller.thoughts.asked] == ["{1 + 1} stop"]
    assert [(event["text"], event["interrupted"]) for event in caller.events("said")][1] == ("Fine.", False)
    assert [event["state"] for event in caller.events("sentence")] == ["started", "interrupted"]


async def test_a_text_is_repeated_sentence_by_sentence() -> None:
    """An event is sent when a sentence is first heard and when it is over, but not for the agent's own speech."""
    async with calling(Reply(("Fine.",))) as caller:
        text = "This is said word for word. And so is this one, at its end."
        assert (await caller.call("repeat", json.dumps({"text": text})))["sentences"] == 2
        await caller.hears(1)
        await caller.call("talk", '{"text": "hello"}')
        await caller.hears(2)

    told = [(event["text"], event["state"], event["played"]) for event in caller.events("sentence")]
    first, second = "This is said word for word.", "And so is this one, at its end."
    assert told == [(first, "started", 0), (first, "finished", 0.3), (second, "started", 0), (second, "finished", 0.3)]
    assert caller.thoughts.asked[0][-1] == "hello"


async def test_the_queue_of_repeats_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further repeats are refused until one was said or interrupted."""
    monkeypatch.setattr("agent.control.actions._MOST_SENTENCES", 2)
    async with calling() as caller:
        for _ in range(2):
            await caller.call("repeat", '{"text": "A story without an end."}')
        assert (await caller.refusal("repeat", '{"text": "Fine."}')).code == 409
        await caller.call("interrupt")

        assert (await caller.call("repeat", '{"text": "Fine."}'))["sentences"] == 1


async def test_an_interrupt_is_answered_whatever_is_requested_meanwhile() -> None:
    """A repeat that follows it is neither interrupted nor waited for."""
    async with calling() as caller:
        story = '{"text": "A story without an end."}'
        await caller.call("repeat", story)
        output = caller.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        stopping = asyncio.create_task(caller.call("interrupt"))
        await asyncio.sleep(0)
        await caller.call("repeat", story)

        assert await asyncio.wait_for(stopping, 10) == {}
        await output.wait_for_audio(0.5)
        assert [event["state"] for event in caller.events("sentence")][:2] == ["started", "interrupted"]
        await caller.call("interrupt")


@pytest.mark.parametrize("method", ["talk", "repeat"])
async def test_an_interrupt_drops_a_text_that_waits_for_the_end_of_speech(method: str) -> None:
    """The text came before it; a text that comes after it is said."""
    story = '{"text": "A story without an end."}'
    async with calling(Reply(("Fine.",))) as caller:
        await caller.call("repeat", story)
        output = caller.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        asking = [asyncio.create_task(caller.call(each, story)) for each in ("talk", method)]
        await asyncio.sleep(0)
        await asyncio.gather(caller.call("interrupt"), *asking)
        await caller.call("repeat", '{"text": "And so is this one, at its end."}')
        await caller.hears(2)

    said = [event["text"] for event in caller.events("said") if not event["interrupted"]]
    assert said == ["And so is this one, at its end."]
    assert output.segments == 2


async def test_the_call_ends_when_it_is_asked_to() -> None:
    """A call that a caller ends says no goodbye."""
    async with calling() as caller:
        assert await caller.call("end_call") == {}

        assert caller.has_ended.is_set()

    assert caller.events("said") == []
