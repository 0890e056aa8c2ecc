"""The outbox: it keeps items until they are delivered, and survives a kill."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from agent.reports.outbox import Item, OpenCall, OutboxError, ReportOutbox

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

CALL = OpenCall("AJ_1", "https://example.com/hook", "/reports", "a draft")

# Opens a call in the outbox in this directory, and is killed.
KILLED = """
import os, signal, sys
from pathlib import Path
from agent.reports.outbox import OpenCall, ReportOutbox
ReportOutbox(Path(sys.argv[1])).open_call(OpenCall("AJ_1", "https://example.com/hook", "/reports", "a draft"), [])
os.kill(os.getpid(), signal.SIGKILL)
"""


def item(name: str, lane: str = "lane", body: bytes = b"{}", target: str = "https://example.com/hook") -> Item:
    """Make an event."""
    return Item(f"msg_{name}", lane, "event", target, name, body, 1.0)


@pytest.fixture
def outbox(tmp_path: Path) -> ReportOutbox:
    """Make an empty outbox."""
    return ReportOutbox(tmp_path / "outbox")


def claimed(outbox: ReportOutbox, now: float, most: int = 9) -> list[str]:
    """Claim items, and return their names."""
    return [each.item.name for each in outbox.claim(now, lease=60.0, most=most)]


def test_a_lane_is_delivered_in_its_order(outbox: ReportOutbox) -> None:
    """The next item comes when the first is done; other lanes do not wait for it."""
    outbox.put([item("a"), item("b"), item("c", "another")])
    first = outbox.claim(10.0, lease=60.0, most=9)
    assert [each.item.name for each in first] == ["a", "c"]
    assert claimed(outbox, 11.0) == []
    outbox.retry(first[0].seq, 20.0)
    assert claimed(outbox, 19.0) == []
    (again,) = outbox.claim(20.0, lease=60.0, most=9)
    assert (again.item, again.attempts) == (item("a"), 1)
    outbox.done(again.seq)

    assert claimed(outbox, 21.0) == ["b"]


def test_an_item_whose_claimer_was_killed_is_due_after_its_lease(outbox: ReportOutbox) -> None:
    """No process has noted its delivery."""
    outbox.put([item("a")])

    assert claimed(outbox, 10.0) == ["a"]
    assert claimed(outbox, 69.0) == []
    assert claimed(outbox, 70.0) == ["a"]


def test_no_more_items_are_claimed_than_asked_for(outbox: ReportOutbox) -> None:
    """The rest can be claimed next."""
    outbox.put([item(name, lane=name) for name in "abc"])

    assert claimed(outbox, 10.0, most=2) == ["a", "b"]
    assert claimed(outbox, 10.0, most=2) == ["c"]


def test_an_item_is_kept_once(outbox: ReportOutbox) -> None:
    """It is recognised by its id."""
    outbox.put([item("a")])
    outbox.put([item("a"), item("b")])

    assert [each.name for each in outbox.items()] == ["a", "b"]


def test_items_outlive_their_process(outbox: ReportOutbox) -> None:
    """Another object reads the same directory."""
    outbox.put([item("a", body=b"\xc3\xa4")])

    assert ReportOutbox(outbox.directory).items() == [item("a", body=b"\xc3\xa4")]


def test_a_full_outbox_drops_the_oldest(tmp_path: Path) -> None:
    """The number of dropped items is returned."""
    outbox = ReportOutbox(tmp_path, most_bytes=10)

    assert outbox.put([item(name, body=b"12345") for name in "ab"]) == 0
    assert outbox.put([item("c", body=b"123")]) == 1
    assert [each.name for each in outbox.items()] == ["b", "c"]


def test_all_items_of_a_target_can_be_dropped(outbox: ReportOutbox) -> None:
    """Items of other targets stay."""
    outbox.put([item("a"), item("b", "another"), item("c", target="https://another.example")])

    assert outbox.drop("https://example.com/hook") == 2
    assert [each.name for each in outbox.items()] == ["c"]


def test_a_call_is_open_until_it_is_closed(outbox: ReportOutbox) -> None:
    """Its process lives, so that no other process ends it."""
    outbox.open_call(CALL, [item("started")])
    outbox.write_draft("AJ_1", "a newer draft")
    assert outbox.abandoned() == []
    outbox.close_call("AJ_1", [item("ended")])

    assert [each.name for each in outbox.items()] == ["started", "ended"]
    assert ReportOutbox(outbox.directory).abandoned() == []


def test_a_call_whose_process_was_killed_is_abandoned(tmp_path: Path) -> None:
    """It is abandoned until it is closed, and the dead process's lock is removed."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)  # noqa: S603 - our own words
    outbox = ReportOutbox(tmp_path)

    assert killed.returncode == -9
    assert outbox.abandoned() == [CALL]
    outbox.close_call("AJ_1", [item("ended")])
    assert outbox.abandoned() == []
    assert list((tmp_path / "owners").iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error names it."""
    (tmp_path / "file").touch()

    with pytest.raises(OutboxError, match=f"the outbox in {tmp_path}/file"):
        ReportOutbox(tmp_path / "file").prepare()


class NotedWrites(ReportOutbox):
    """An outbox that counts its write transactions."""

    writes = 0

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        self.writes += write
        with super()._transaction(write=write) as database:
            yield database


def test_a_claim_of_nothing_does_not_write(tmp_path: Path) -> None:
    """A worker claims every second, and would keep the jobs from writing."""
    outbox = NotedWrites(tmp_path)
    outbox.put([item("a")])
    names = [claimed(outbox, now) for now in (10.0, 11.0, 12.0)]

    assert names == [["a"], [], []]
    # One to put the item, and one to claim it.
    assert outbox.writes == 2


@pytest.mark.parametrize("removed", [".", "owners"])
def test_a_directory_that_was_removed_is_created_again(outbox: ReportOutbox, removed: str) -> None:
    """The process goes on with an empty outbox, or with its items."""
    outbox.put([item("a")])
    shutil.rmtree((outbox.directory / removed).resolve())

    assert outbox.abandoned() == []
    outbox.open_call(CALL, [item("b")])
    assert [each.name for each in outbox.items()] == (["b"] if removed == "." else ["a", "b"])
