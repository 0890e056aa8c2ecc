"""What becomes of the facts of a call."""

from __future__ import annotations

import pytest

from agent.reports.report import CallReport
from tests.agent.reports.report_fakes import ASKED, IDENTITY, SAID, START, collected, made


def test_times_are_seconds_since_the_begin() -> None:
    """On the clock of playback: a speech begins when it is heard, and ends where it was cut."""
    report = made()

    assert [(line.speaker, line.start, line.end, line.position, line.interrupted) for line in report.transcript] == [
        ("agent", 3.0, 10.0, 7.0, False),
        ("caller", 11.0, 13.0, None, False),
        ("agent", 15.0, 17.0, 1.5, True),
    ]
    assert [line.text for line in report.transcript] == [SAID, ASKED, "It is"]
    assert report.seconds == 60.0
    assert report.started_at.timestamp() == START


def test_a_sentence_begins_when_its_first_word_was_heard() -> None:
    """A speech without captions is one cue."""
    first, _, second = made().transcript

    assert [(cue.at, cue.text) for cue in first.cues] == [(3.0, "Hello there."), (5.0, "My number is 0151 23.")]
    assert [(cue.at, cue.text) for cue in second.cues] == [(15.0, "It is")]


def test_an_interruption_tells_how_much_was_heard() -> None:
    """Also one before the first sound, which leaves no line."""
    collector = collected()
    collector.playback_finished(START + 30, name="Ada", text="", position=0.0, interrupted=True)
    report = collector.report(START + 60, "why")

    assert [(each.at, each.position) for each in report.interruptions] == [(17.0, 1.5), (30.0, 0.0)]
    assert len(report.transcript) == 3


def test_a_turn_is_reported_as_far_as_it_came() -> None:
    """The last that was told of it counts."""
    assert [(each.turn, each.by, each.stages) for each in made().turns] == [
        (1, "speech", {"transcript": 0.2, "speaking": 1.1})
    ]


def test_sinks_are_intervals_to_the_end() -> None:
    """One follows the other without a gap."""
    assert [(each.sink, each.start, each.end) for each in made().sinks] == [
        ("fallback", 0.0, 2.0),
        ("avatar", 2.0, 40.0),
        ("silent", 40.0, 60.0),
    ]


def test_sessions_have_the_services_ids() -> None:
    """One whose stop was not confirmed has no end; a refused one is none."""
    collector = collected()
    collector.session_left(7, "never started")
    collector.session_started(2, "session-2", START + 55)
    sessions = collector.report(START + 60, "why").sessions

    assert [(each.id, each.start, each.end, each.reason) for each in sessions] == [
        ("session-1", 1.0, 50.0, "the call is over"),
        ("session-2", 55.0, None, ""),
    ]


@pytest.mark.parametrize(
    ("shown", "arguments", "result"), [(False, None, None), (True, '{"city": "Rome"}', "It is noon.")]
)
def test_what_a_tool_was_given_is_shown_on_request(shown: bool, arguments: str | None, result: str | None) -> None:
    """Its name, its duration and its outcome always are."""
    (tool,) = made(shows_tools=shown).tools

    assert (tool.name, tool.at, tool.seconds, tool.outcome) == ("get_time", 13.0, 1.5, "done")
    assert (tool.arguments, tool.result) == (arguments, result)


def test_a_tool_that_still_runs_has_no_duration() -> None:
    """The call has ended before it did; the end of a tool that nobody started is ignored."""
    collector = collected()
    collector.tool_started("c2", "slow", "{}", START + 59)
    collector.tool_ended("c9", "done", None, START + 59)
    tool = collector.report(START + 60, "why").tools[-1]

    assert (tool.name, tool.outcome, tool.seconds) == ("slow", "running", None)


def test_a_redacted_report_shows_no_personal_data_in_lines_and_cues() -> None:
    """The sentences stay where they are."""
    report = made("redacted")
    text = report.model_dump_json()

    assert "0151" not in text
    assert "example.com" not in text
    assert report.transcript[0].text == "Hello there. My number is **** **."
    assert [cue.at for cue in report.transcript[0].cues] == [3.0, 5.0]


def test_a_report_without_a_transcript_tells_when_somebody_spoke() -> None:
    """And not one word of it."""
    report = made("none")

    assert [(line.speaker, line.start, line.text, line.cues) for line in report.transcript] == [
        ("agent", 3.0, None, ()),
        ("caller", 11.0, None, ()),
        ("agent", 15.0, None, ()),
    ]
    assert "Hello" not in report.model_dump_json()


def test_a_note_is_kept_once() -> None:
    """What went wrong again and again is one sentence."""
    collector = collected()
    for _ in range(3):
        collector.note("the avatar was lost")

    assert collector.report(START + 60, "why").notes == ("the avatar was lost",)


def test_a_report_can_be_read_again() -> None:
    """Its JSON has everything, the metadata included."""
    report = made()

    assert CallReport.model_validate_json(report.model_dump_json()) == report
    assert report.metadata == dict(IDENTITY.metadata)
