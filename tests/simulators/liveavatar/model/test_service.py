"""Random whole calls: their common properties, whatever the habits."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.liveavatar.model import (
    Habits,
    Replied,
    ServiceModel,
    Session,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketText,
)
from tests.simulators.liveavatar.model import stories
from tests.simulators.liveavatar.model.client import KEY, Client, token_request
from tests.simulators.liveavatar.model.stories import Step, Story, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

whole_calls = given(stories.habits, stories.steps)
many = settings(max_examples=60)


def sent_by_utterance(story: Story, session: Session) -> Iterator[bytes]:
    """Yield the speech that each utterance of a session received."""
    sent, start = story.sent.get(session.id, b""), 0
    for utterance in session.utterances:
        yield sent[start : start + utterance.received_bytes]
        start += utterance.received_bytes


@many
@whole_calls
def test_the_heard_speech_is_the_sent_speech_except_for_cuts(habits: Habits, steps: list[Step]) -> None:
    """Every utterance is heard from its beginning, in order, and to its end unless something cut it."""
    story = tell(habits, steps)
    for session in story.client.model.sessions:
        heard = session.heard
        for utterance, pcm in zip(session.utterances, sent_by_utterance(story, session), strict=True):
            size = utterance.heard_samples * 2
            assert heard[:size] == pcm[:size]
            heard = heard[size:]
            if utterance.ended and utterance.allowed_samples is None:
                assert size == len(pcm)
            if utterance.started_at is None:
                assert size == 0
        assert heard == b""


@many
@whole_calls
def test_one_avatar_is_heard_saying_one_thing_while_it_is_in_its_room(habits: Habits, steps: list[Step]) -> None:
    """Spans follow one another within the session, and their length is that of the heard sound."""
    for session in tell(habits, steps).client.model.sessions:
        spans = session.heard_spans
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans))
        assert sum(end - begin for begin, end, _ in spans) * 48_000 == pytest.approx(len(session.heard), abs=1)
        for begin, end, _ in spans:
            assert session.joined_at is not None
            assert begin >= session.joined_at - 1e-3
            assert session.ended_at is None or end <= session.ended_at + 1e-3


@many
@whole_calls
def test_slots_are_never_overbooked(habits: Habits, steps: list[Step]) -> None:
    """A session that has just ended still counts."""
    sessions = [session for session in tell(habits, steps).client.model.sessions if session.started_at is not None]
    for session in sessions:
        at = session.started_at or 0.0
        taken = [
            other
            for other in sessions
            if other is not session
            and (other.started_at or 0.0) <= at
            and (other.ended_at is None or other.ended_at + habits.slot_freed_after > at)
        ]
        assert len(taken) < habits.concurrency


@many
@whole_calls
def test_billing_adds_up(habits: Habits, steps: list[Step]) -> None:
    """Every second from a start's effect to the end is billed, and no other; no session starts without a credit."""
    model, now = (client := tell(habits, steps).client).model, client.now
    lengths = [session.seconds(now) for session in model.sessions]

    assert model.billed_seconds(now) == pytest.approx(sum(lengths))
    assert model.credits_left(now) == pytest.approx(max(habits.credits - sum(lengths) / 60, 0.0), abs=1e-6)
    assert all(session.started_at is None for session in model.sessions) or habits.credits >= 1
    assert {session.id for session in model.running(now)} == {
        session.id for session in model.sessions if session.started_at is not None and session.ended_at is None
    }


@many
@whole_calls
def test_every_request_and_handshake_is_answered_once(habits: Habits, steps: list[Step]) -> None:
    """Answers come in the order of the model's deadlines; a WebSocket sends only while it is open."""
    happened = tell(habits, steps).client.happened
    replies = Counter(each.request_id for _, each in happened if isinstance(each, Replied))
    is_open = set[int]()

    assert set(replies.values()) <= {1}
    assert all(before[0] <= after[0] for before, after in pairwise(happened))
    for _, each in happened:
        match each:
            case SocketOpened(socket_id):
                is_open.add(socket_id)
            case SocketText(socket_id):
                assert socket_id in is_open
            case SocketClosed(socket_id):
                is_open.discard(socket_id)
            case SocketRefused(socket_id):
                assert socket_id not in is_open


@many
@given(stories.habits, stories.steps, st.floats(0.01, 1.0))
def test_a_call_does_not_depend_on_how_often_it_is_advanced(habits: Habits, steps: list[Step], beat: float) -> None:
    """Advancing a model in between does not change it."""

    class Restless(Client):
        def wait(self, seconds: float) -> None:
            until = self.now + seconds
            while self.now + beat < until and seconds < 10.0:
                super().wait(beat)
            super().wait(until - self.now)

    calm, restless = tell(habits, steps), Story(Restless(habits))
    restless.play(steps)

    assert [each for _, each in calm.client.happened] == [each for _, each in restless.client.happened]
    assert [session.heard for session in calm.client.model.sessions] == [
        session.heard for session in restless.client.model.sessions
    ]


@many
@whole_calls
def test_models_deadlines_advance_and_end(habits: Habits, steps: list[Step]) -> None:
    """After `advance` the next deadline is later, and in the end there is none that matters."""
    client = tell(habits, steps).client
    for _ in range(1000):
        at = client.model.next_at()
        if at is None:
            break
        assert at > client.now
        client.now = at
        client.model.advance(at)
    assert client.model.running(client.now) == []


def test_ids_are_counted_or_made() -> None:
    """Counted ids make a failing call readable; a stand-in generates random ones."""
    model = ServiceModel(Habits.fast(), now=5.0, new_id=lambda kind: f"a-{kind}")
    number = model.request("POST", "/v1/sessions/token", KEY, token_request(), 5.0)

    assert model.advance(5.0)[0] == Replied(
        number,
        200,
        {},
        {"code": 100, "data": {"session_id": "a-session", "session_token": "a-token"}, "message": "Success"},
    )
    assert Client(Habits.fast()).create() == {"session_id": "session-1", "session_token": "token-1"}
