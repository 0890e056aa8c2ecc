"""The first action of a job in LiveAvatar's own room."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from agent.worker import start_call
from avatar.sessions.journal import SessionJournal
from tests.agent.rooms.test_call_server import HOSTED

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Job:
    """A job that may come too late."""

    def __init__(self) -> None:
        self.job = SimpleNamespace(room=SimpleNamespace(name=HOSTED.name), metadata=HOSTED.to_json())
        self.log_context_fields: dict[str, Any] = {}
        self.reasons: list[str] = []

    def is_fake_job(self) -> bool:
        return False

    def shutdown(self, reason: str) -> None:
        self.reasons.append(reason)


async def test_a_job_that_comes_too_late_has_no_call(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The worker has taken back its session, so the job neither joins nor stops it."""
    complete.setenv("ROOM_OWNER", "liveavatar")
    complete.setenv("STATE_DIR", str(tmp_path))
    worker = SessionJournal(tmp_path)
    worker.add(HOSTED.session_id, api_url="https://api.example")
    worker.take_back(HOSTED.session_id)
    job = Job()
    await start_call(job)  # type: ignore[arg-type] # as much of a job as it needs until then

    assert len(job.reasons) == 1
    assert [entry.state for entry in worker.entries()] == ["stopping"]
    worker.disown()
