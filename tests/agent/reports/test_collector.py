"""How the facts of a call become its report."""

from __future__ import annotations

import pytest

from agent.reports.report import CallReport
from tests.agent.reports.report_fakes import ASKED, IDENTITY, SAID, START, collected, made


def test_times_are_seconds_since_the_start() -> None:
    """Speech is timed by its playback: it starts when it is heard, and ends where it was cut."""
    report = made()

    assert [(line.speaker, line.start, line.end, line.position, line.interrupted) for line in report.transcript] == [
        ("agent", 3.0, 10.0, 7.0, False),
        ("caller", 11.0, 13.0, None, False),
        ("agent", 15.0, 17.0, 1.5, True),
    ]
    assert [line.text for line in report.transcript] == [SAID, ASKED, "It is"]
    assert report.seconds == 60.0
    assert report.started_at.timestamp() == START


def test_a_sentence_starts_when_its_first_word_was_heard() -> None:
    """A speech without captions is one cue."""
    first, _, second = made().transcript

    assert [(cue.at, cue.text) for cue in first.cues] == [(3.0, "Hello there."), (5.0, "My number is 0151 23.")]
    assert [(cue.at, cue.text) for cue in second.cues] == [(15.0, "It is")]


def test_an_interruption_has_the_time_that_was_heard() -> None:
    """An interruption before the first sound is reported as well, and leaves no line."""
    collector = collected()
    collector.playback_finished(START + 30, name="Ada", text="", position=0.0, interrupted=True)
    report = collector.report(START + 60, "why")

    assert [(each.at, each.position) for each in report.interruptions] == [(17.0, 1.5), (30.0, 0.0)]
    assert len(report.transcript) == 3


def test_a_turn_is_reported_with_the_stages_it_reached() -> None:
    """The last report of a turn counts."""
    assert [(each.turn, each.by, each.stages) for each in made().turns] == [
        (1, "speech", {"transcript": 0.2, "speaking": 1.1})
    ]


def test_sinks_are_intervals_to_the_end() -> None:
    """They follow each other without a gap."""
    assert [(each.sink, each.start, each.end) for each in made().sinks] == [
        ("fallback", 0.0, 2.0),
        ("avatar", 2.0, 40.0),
        ("silent", 40.0, 60.0),
    ]


def test_sessions_have_the_services_ids() -> None:
    """An unconfirmed stop leaves a session without an end; a refused session is not listed."""
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
def test_a_tools_arguments_and_result_are_shown_on_request(
    shown: bool, arguments: str | None, result: str | None
) -> None:
    """Its name, duration and outcome are always shown."""
    (tool,) = made(shows_tools=shown).tools

    assert (tool.name, tool.at, tool.seconds, tool.outcome) == ("get_time", 13.0, 1.5, "done")
    assert (tool.arguments, tool.result) == (arguments, result)


def test_a_running_tool_has_no_duration() -> None:
    """The call ended before the tool did; the end of an unknown tool is ignored."""
    collector = collected()
    collector.tool_started("c2", "slow", "{}", START + 59)
    collector.tool_ended("c9", "done", None, START + 59)
    tool = collector.report(START + 60, "why").tools[-1]

    assert (tool.name, tool.outcome, tool.seconds) == ("slow", "running", None)


def test_a_redacted_report_shows_no_personal_data_in_lines_and_cues() -> None:
    """The sentences keep their times."""
    report = made("redacted")
    text = report.model_dump_json()

    assert "0151" not in text
    assert "example.com" not in text
    assert report.transcript[0].text == "Hello there. My number is **** **."
    assert [cue.at for cue in report.transcript[0].cues] == [3.0, 5.0]


def test_a_report_without_a_transcript_has_the_times_of_speech() -> None:
    """It has no spoken word."""
    report = made("none")

    assert [(line.speaker, line.start, line.text, line.cues) for line in report.transcript] == [
        ("agent", 3.0, None, ()),
        ("caller", 11.0, None, ()),
        ("agent", 15.0, None, ()),
    ]
    assert "Hello" not in report.model_dump_json()


def test_a_note_is_kept_once() -> None:
    """A repeated problem is one sentence."""
    collector = collected()
    for _ in range(3):
        collector.note("the avatar was lost")

    assert collector.report(START + 60, "why").notes == ("the avatar was lost",)


def test_a_report_reads_back() -> None:
    """Its JSON has everything, including the metadata."""
    report = made()

    assert CallReport.model_validate_json(report.model_dump_json()) == report
    assert report.metadata == dict(IDENTITY.metadata)
