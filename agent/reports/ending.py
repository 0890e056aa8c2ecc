"""The items to deliver when a call is over: its report and the event `call.ended`. Pure."""

from pydantic import ValidationError

from agent.reports.events import CallEnded, EventData, EventName, body_of, event_id
from agent.reports.outbox import Item, OpenCall
from agent.reports.report import CallReport, file_name
from agent.reports.store import address_of
from agent.reports.webvtt import webvtt

# The end reason of a call whose process was killed.
KILLED = "the process of the call was killed"


def event_item(webhook: str, name: EventName, data: EventData, now: float, *, number: int = 0) -> Item:
    """Make the item of an event; the events of a call are delivered in order."""
    body = body_of(name, data, now)
    return Item(event_id(data.job, name, number), f"event {data.job}", "event", webhook, name, body, now)


def ended(report: CallReport, *, webhook: str, store: str, now: float) -> list[Item]:
    """Make the items to deliver after a call.

    Args:
        report: The call's report.
        webhook: URL for its events; empty for none.
        store: Address for its report; empty for none.
        now: Unix time.
    """
    name = file_name(report)
    files = {f"{name}.json": report.model_dump_json(indent=2), f"{name}.vtt": webvtt(report)} if store else {}
    items = [
        Item(f"{report.job} {path}", f"file {report.job}", "file", store, path, text.encode(), now)
        for path, text in files.items()
    ]
    if webhook:
        data = CallEnded(
            room=report.room,
            job=report.job,
            persona=report.persona,
            metadata=report.metadata,
            end_reason=report.end_reason,
            seconds=report.seconds,
            report_address=address_of(store, f"{name}.json") if store else None,
            report=None if store else report,
        )
        items.append(event_item(webhook, "call.ended", data, now))
    return items


def ended_by_kill(call: OpenCall, now: float) -> list[Item]:
    """Make the items of a call whose process was killed, from its last draft; none if another version wrote that."""
    try:
        draft = CallReport.model_validate_json(call.draft)
    except ValidationError:
        return []
    report = draft.model_copy(update={"end_reason": KILLED})
    return ended(report, webhook=call.webhook, store=call.store, now=now)
