"""Assumptions: an observed service confirms them, and one that behaves otherwise contradicts them."""

import re

import pytest

from agent.doctor.assumptions import Assumption, Outcome, between, within
from agent.doctor.report import ASSUMPTIONS
from tests.agent.doctor.recordings import WS_URL, Tape, as_observed

OBSERVATIONS = 85


def named(text: str) -> Assumption:
    """Return the one assumption with these words in its text."""
    [assumption] = [each for each in ASSUMPTIONS if text in each.text]
    return assumption


def test_a_service_as_observed_contradicts_nothing() -> None:
    """All are confirmed but the one about a session that has not reported `connected`, which this one has."""
    call = as_observed().call
    verdicts = {assumption.text: assumption.judge(call) for assumption in ASSUMPTIONS}

    assert {text: verdict.seen for text, verdict in verdicts.items() if verdict.outcome is not Outcome.CONFIRMED} == {
        "A session that has not reported `connected` speaks anyway.": ""
    }


def test_an_empty_recording_gives_no_verdict() -> None:
    """Every assumption is not seen."""
    assert {assumption.judge(Tape().call).outcome for assumption in ASSUMPTIONS} == {Outcome.NOT_SEEN}


def test_a_call_that_ends_anywhere_can_be_judged() -> None:
    """Every assumption gets a verdict, however much of the recording is missing."""
    lines = as_observed().file.getvalue().splitlines(keepends=True)
    for count in range(len(lines)):
        tape = Tape()
        tape.file.write("".join(lines[1:count]))
        call = tape.call
        assert all(assumption.judge(call).outcome in Outcome for assumption in ASSUMPTIONS)


def test_each_assumption_names_the_observations_behind_it() -> None:
    """The numbers are those of the list of field observations."""
    for assumption in ASSUMPTIONS:
        numbers = [int(number) for number in re.split(", ", assumption.facts)]
        assert all(1 <= number <= OBSERVATIONS for number in numbers)
        assert assumption.text.endswith(".")


def test_a_refused_grant_is_contradicted_in_the_services_words() -> None:
    """The verdict on the grants quotes the service's refusal of the token request."""
    tape = Tape()
    words = "Input Livekit token needs to grant canSubscribe permission"
    tape.rest(0.0, 0.5, "/v1/sessions/token", status=422, message=words, body={"livekit_config": {"livekit_room": "r"}})
    verdict = named("grants").judge(tape.call)

    assert (verdict.outcome, words in verdict.seen) == (Outcome.CONTRADICTED, True)


@pytest.mark.parametrize(
    ("text", "path", "reply", "outcome"),
    [
        ("The balance is a text", "/v1/users/credits", {"data": {"credits_left": 12.5}}, Outcome.CONTRADICTED),
        ("The balance is a text", "/v1/users/credits", {"data": {"credits_left": "many"}}, Outcome.NOT_SEEN),
        ("The code of a success", "/v1/users/credits", {"code": 7}, Outcome.CONTRADICTED),
        ("The start reply has", "/v1/sessions/start", {"data": {"ws_url": "wss://x.example/1"}}, Outcome.CONTRADICTED),
        ("A stop with the API key", "/v1/sessions/stop", {"status": 405}, Outcome.CONTRADICTED),
        ("A REST keep-alive", "/v1/sessions/keep-alive", {"status": 400}, Outcome.CONTRADICTED),
        ("X-RateLimit", "/v1/users/credits", {"headers": {"Retry-After": "1"}}, Outcome.CONTRADICTED),
        ("answered within 30 s", "/v1/sessions/start", {"took": 31.0}, Outcome.CONTRADICTED),
        ("grants", "/v1/sessions/token", {"status": 503, "body": {"livekit_config": {}}}, Outcome.NOT_SEEN),
    ],
)
def test_a_reply_of_another_kind_is_judged(text: str, path: str, reply: dict[str, object], outcome: Outcome) -> None:
    """The assumption about this reply gives the verdict."""
    tape, more = Tape(), dict(reply)
    took, data = more.pop("took", 0.1), more.pop("data", None)
    tape.rest(0.0, took, path, data, **more)  # type: ignore[arg-type] # a table of what a test needs

    assert named(text).judge(tape.call).outcome is outcome


def test_a_second_stop_that_is_refused_in_another_way_is_seen() -> None:
    """The verdict quotes the service's words, which no recording has yet."""
    tape = Tape()
    tape.rest(0.0, 0.1, "/v1/sessions/stop")
    tape.rest(1.0, 0.1, "/v1/sessions/stop", status=409, code=4090, message="Conflict")
    verdict = named("A stop of a session that is over").judge(tape.call)

    assert (verdict.outcome, verdict.seen) == (Outcome.CONTRADICTED, "409: 4090 Conflict")


@pytest.mark.parametrize(
    ("left", "is_sandbox", "outcome"),
    [
        ("9.5", False, Outcome.CONFIRMED),
        ("9.0", False, Outcome.CONTRADICTED),
        ("10.0", False, Outcome.NOT_SEEN),
        ("10.0", True, Outcome.CONFIRMED),
        ("9.5", True, Outcome.CONTRADICTED),
    ],
)
def test_the_price_is_what_the_balance_lost(left: str, is_sandbox: bool, outcome: Outcome) -> None:
    """Thirty seconds cost half a credit, or nothing in the sandbox; an unchanged balance gives no verdict."""
    tape = Tape()
    tape.rest(0.0, 0.0, "/v1/users/credits", {"credits_left": "10.0"})
    tape.rest(0.0, 0.0, "/v1/sessions/token", body={"is_sandbox": is_sandbox})
    tape.rest(0.0, 0.0, "/v1/sessions/start")
    tape.rest(30.0, 0.0, "/v1/sessions/stop")
    tape.rest(31.0, 0.0, "/v1/users/credits", {"credits_left": left})

    assert named("credit a minute").judge(tape.call).outcome is outcome


def started() -> Tape:
    """Return the recording of a session that was started at 1 s."""
    tape = Tape()
    tape.rest(0.0, 1.0, "/v1/sessions/start", {"ws_url": WS_URL})
    return tape


def test_a_session_without_connected_is_judged() -> None:
    """The missing `connected` contradicts one assumption, and confirms the other if the avatar is heard."""
    tape = started()
    socket = tape.open(1.2)
    tape.speak(4.2, socket, "u1", 1.0)
    before = named("has not reported").judge(tape.call)
    tape.note(5.0, "avatar audible")

    assert named("`connected` comes on the first").judge(tape.call).outcome is Outcome.CONTRADICTED
    assert before.outcome is Outcome.CONTRADICTED
    assert named("has not reported").judge(tape.call).outcome is Outcome.CONFIRMED


def test_connected_on_a_second_websocket_is_seen() -> None:
    """The verdict has the time it took."""
    tape = started()
    tape.receive(1.3, tape.open(1.2), "session.state_updated", state="connected")
    tape.receive(9.4, tape.open(9.0), "session.state_updated", state="connected")
    verdict = named("not reported on a second").judge(tape.call)

    assert (verdict.outcome, verdict.seen) == (Outcome.CONTRADICTED, "reported after 0.40 s")


def test_a_speech_that_is_cut_is_seen() -> None:
    """Both the heard and the reported length are shorter than the audio."""
    tape = started()
    socket = tape.open(1.2)
    tape.speak(2.0, socket, "u1", 4.7)
    tape.receive(2.5, socket, "agent.speak_started")
    tape.note(2.5, "avatar audible")
    tape.receive(2.9, socket, "agent.speak_ended")
    tape.note(3.5, "avatar silent", silent_for=0.6)

    for text in ("heard for as long", "reported when it was played"):
        assert named(text).judge(tape.call).outcome is Outcome.CONTRADICTED


def test_an_interrupt_that_does_nothing_is_seen() -> None:
    """It is not acknowledged, and the avatar is still heard."""
    tape = started()
    socket = tape.open(1.2)
    tape.speak(2.0, socket, "u1", 4.7)
    tape.note(2.5, "avatar audible")
    tape.send(4.0, socket, "agent.interrupt", "i1")

    assert named("acknowledged within").judge(tape.call).outcome is Outcome.CONTRADICTED
    assert named("silent 0.8 s after").judge(tape.call).outcome is Outcome.CONTRADICTED
    assert named("acknowledgement names").judge(tape.call).outcome is Outcome.NOT_SEEN


def test_a_missing_family_of_events_is_named() -> None:
    """The verdict names the missing events."""
    tape = started()
    socket = tape.open(1.2)
    tape.speak(2.0, socket, "u1", 1.0)
    tape.receive(2.5, socket, "agent.state_updated", new_state="talking")
    verdict = named("both families").judge(tape.call)

    assert (verdict.outcome, verdict.seen) == (
        Outcome.CONTRADICTED,
        "missing: agent.speak_ended, agent.speak_started",
    )
    assert named("names our commands").judge(tape.call).outcome is Outcome.CONTRADICTED


def test_an_error_of_the_service_is_named() -> None:
    """The verdict has the error's type."""
    tape = started()
    tape.receive(2.0, tape.open(1.2), "error", error={"type": "video_starvation", "message": "17 frames missed"})

    assert named("no error").judge(tape.call).seen == "video_starvation"


def test_tracks_with_other_names_are_named() -> None:
    """The verdict has each track's source and codec."""
    tape = Tape()
    tape.note(1.0, "avatar track", name="face", source="camera", codec="video/VP8")
    verdict = named("Its tracks").judge(tape.call)

    assert (verdict.outcome, verdict.seen) == (Outcome.CONTRADICTED, "face (camera, video/VP8)")


def test_opus_with_redundancy_is_opus() -> None:
    """LiveKit reports it as `audio/red`."""
    tape = Tape()
    tape.note(1.0, "avatar track", name="avatar-audio", source="microphone", codec="audio/red")
    tape.note(1.0, "avatar track", name="avatar", source="camera", codec="video/H264")

    assert named("Its tracks").judge(tape.call).outcome is Outcome.CONFIRMED


def test_an_avatar_that_stays_is_seen() -> None:
    """The avatar is still in the room although the stop was answered."""
    tape = Tape()
    tape.note(1.0, "avatar joined")
    tape.rest(2.0, 0.2, "/v1/sessions/stop")

    assert named("leaves the room").judge(tape.call).seen == "it stayed"


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(None, Outcome.NOT_SEEN), (1.0, Outcome.CONFIRMED), (1.1, Outcome.CONTRADICTED)]
)
def test_a_time_is_compared_with_its_limit(seconds: float | None, outcome: Outcome) -> None:
    """A time that is unknown is not judged."""
    assert within(seconds, 1.0).outcome is outcome


def test_a_time_between_needs_both_ends() -> None:
    """A missing end makes the time unknown."""
    assert (between(1.0, 3.5), between(None, 1.0), between(1.0, None)) == (2.5, None, None)
