"""Ends of a call that come from outside its room, on a real LiveKit server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conversation import HAPPENS, SILENT_PERSONA
from tests.e2e.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

GOODBYE = "Thank you, and goodbye."


async def test_a_stopped_worker_says_goodbye(stage: Stage, tmp_path: Path) -> None:
    """The caller hears the goodbye to its end, and then the avatar's session is stopped."""
    persona = tmp_path / "silent.toml"
    persona.write_text(f'{SILENT_PERSONA}goodbye = "{GOODBYE}"\n')
    async with stage.worker({"PERSONA": str(persona)}) as worker, page(stage, "worker-ends") as talk:
        # SIGTERM to the worker, through the process that keeps it.
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        goodbye = await talk.answer(1)
        session = await stage.ended_session()
        await worker.wait_until(lambda: worker.has_logged("call ended"), HAPPENS)

    assert goodbye == GOODBYE
    assert (session["end_reason"], session["utterances"][-1]["interrupted"]) == ("USER_CLOSED", False)
