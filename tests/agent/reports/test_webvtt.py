"""The transcript as subtitles."""

from __future__ import annotations

from agent.reports.collector import Collector
from agent.reports.webvtt import webvtt
from tests.agent.reports.report_fakes import IDENTITY, START, made


def test_a_sentence_is_a_cue_with_its_speaker() -> None:
    """A cue ends with the next sentence of its speech, or with the speech."""
    assert webvtt(made()).split("\n\n") == [
        "WEBVTT",
        "00:00:03.000 --> 00:00:05.000\n<v Ada>Hello there.",
        "00:00:05.000 --> 00:00:10.000\n<v Ada>My number is 0151 23.",
        "00:00:11.000 --> 00:00:13.000\n<v caller>Write to joe@example.com, please.",
        "00:00:15.000 --> 00:00:17.000\n<v Ada>It is\n",
    ]


def test_characters_and_lines_of_a_text_are_not_markup() -> None:
    """Written text may have any; a text without a duration is shown briefly, hours into the call as well."""
    collector = Collector(IDENTITY, START)
    collector.caller_said("<b>1 & 2\n\n--> 3", START + 3_661.5, START + 3_661.5)
    report = collector.report(START + 4_000, "why")

    cue = "01:01:01.500 --> 01:01:02.000\n<v caller>&lt;b&gt;1 &amp; 2 --&gt; 3\n"
    assert webvtt(report) == f"WEBVTT\n\n{cue}"


def test_without_words_there_is_no_cue() -> None:
    """This is the case with REPORT_TRANSCRIPT=none."""
    assert webvtt(made("none")) == "WEBVTT\n"
