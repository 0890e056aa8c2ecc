"""A question that a handbook answers, in a real call, observed by the caller."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from demo.call.changes import Changes
from docs.examples.control import Agent
from tests.e2e.conversation import HAPPENS, SILENT_PERSONA
from tests.e2e.page import page
from tests.e2e.reports import are_kept, read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

SILENCE = """
[silence]
ask_after = 3
most_asks = 1
lines = ["Are you there?"]
goodbye_after = 5
goodbye = "Goodbye."
"""
HANDBOOK = "# Opening hours\n\nThe shop opens at nine.\n\n# Warranty\n\nThe warranty lasts seven years.\n"


async def test_a_question_is_answered_from_a_handbook(stage: Stage, tmp_path: Path) -> None:
    """The tool is called, its passage is said, and its sources are shown.

    A link and an MCP server are down: the call continues without them, and the report says so. The caller is silent, is
    asked whether they are there, and the agent leaves after a goodbye.
    """
    (tmp_path / "handbook.md").write_text(HANDBOOK)
    persona = tmp_path / "ada.toml"
    # Nothing listens on port 9.
    mcp = '[[mcp]]\nname = "crm"\nurl = "http://127.0.0.1:9/mcp"\n'
    persona.write_text(f'{SILENT_PERSONA}knowledge = ["handbook.md", "http://127.0.0.1:9/faq"]\n{mcp}{SILENCE}')
    events: list[dict[str, Any]] = []
    changes = Changes()

    def keep(event: dict[str, Any]) -> None:
        events.append(event)
        changes.notify()

    settings = {
        "PERSONA": str(persona),
        "KNOWLEDGE_NETWORKS": "127.0.0.1",
        "REPORTS": str(tmp_path / "reports"),
    }
    async with stage.worker(settings) as worker:
        async with page(stage, "knowledge") as caller:
            agent = Agent(caller.room, keep)
            await agent.join()
            await agent.call("talk", text="how long is the warranty")
            async with asyncio.timeout(HAPPENS):
                said = await changes.until(lambda: next((each for each in events if each["type"] == "said"), None))
            await worker.wait_until(lambda: worker.has_logged("an MCP server can't be used"), HAPPENS)
            await worker.wait_until(lambda: are_kept(tmp_path), HAPPENS)
        lines = worker.tail(200)
    _, report, _ = read(tmp_path / "reports")

    [card] = [event for event in events if event["type"] == "card"]
    assert card["tool"] == "search_knowledge"
    assert card["card"]["type"] == "list"
    assert card["card"]["entries"][0] == {
        "title": "handbook.md",
        "text": "Warranty: The warranty lasts seven years.",
        "url": None,
    }
    assert card["seq"] < said["seq"]
    assert "The warranty lasts seven years" in said["text"]
    assert not [line for line in lines if "Traceback" in line]
    assert [line.text for line in report.transcript if line.speaker == "agent"][1:] == ["Are you there?", "Goodbye."]
    assert [(tool.name, tool.outcome) for tool in report.tools] == [("search_knowledge", "done")]
    assert "a link of the knowledge could not be read: http://127.0.0.1:9/faq" in report.notes
    assert [note for note in report.notes if note.startswith("the tools of the MCP server crm are missing")]
