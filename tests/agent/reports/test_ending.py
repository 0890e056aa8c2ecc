"""The events and files that a call leaves."""

from __future__ import annotations

import json

from agent.reports.ending import KILLED, ended, ended_by_kill
from agent.reports.outbox import OpenCall
from tests.agent.reports.report_fakes import made

HOOK, NAME = "https://example.com/hook", "2023-11-14/a_room_with_signs-AJ_1"


def test_with_a_store_the_event_has_the_reports_address() -> None:
    """The report is two files, which are delivered apart from the events."""
    json_file, subtitles, event = ended(made(), webhook=HOOK, store="/reports", now=1.0)
    data = json.loads(event.body)["data"]

    assert [(each.kind, each.name) for each in (json_file, subtitles)] == [
        ("file", f"{NAME}.json"),
        ("file", f"{NAME}.vtt"),
    ]
    assert json.loads(json_file.body)["end_reason"] == "the caller has left"
    assert subtitles.body.startswith(b"WEBVTT")
    assert (data["report_address"], data["report"]) == (f"/reports/{NAME}.json", None)
    assert json_file.lane == subtitles.lane != event.lane


def test_without_a_store_the_event_has_the_whole_report() -> None:
    """There is no address then."""
    (event,) = ended(made(), webhook=HOOK, store="", now=1.0)
    body = json.loads(event.body)

    assert (body["type"], body["timestamp"]) == ("call.ended", "1970-01-01T00:00:01Z")
    assert body["data"]["report_address"] is None
    assert body["data"]["report"] == made().model_dump(mode="json")
    assert body["data"]["metadata"] == {"order": "17"}


def test_without_a_store_and_a_webhook_nothing_is_left() -> None:
    """There is no file and no event."""
    assert ended(made(), webhook="", store="", now=1.0) == []


def test_a_killed_call_leaves_its_draft_under_the_same_ids() -> None:
    """An end that is written twice is delivered once, or can be recognised."""
    killed = ended_by_kill(OpenCall("AJ_1", HOOK, "/reports", made().model_dump_json()), 1.0)
    whole = ended(made(), webhook=HOOK, store="/reports", now=2.0)

    assert [each.id for each in killed] == [each.id for each in whole]
    assert json.loads(killed[0].body)["end_reason"] == KILLED
    assert json.loads(killed[0].body)["transcript"] == made().model_dump(mode="json")["transcript"]


def test_a_draft_of_another_version_is_dropped() -> None:
    """It can no longer be read."""
    assert ended_by_kill(OpenCall("AJ_1", HOOK, "", '{"version": 0}'), 1.0) == []
