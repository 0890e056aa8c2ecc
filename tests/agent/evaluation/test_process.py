"""`python agent.py eval` as a persona's author runs it: with a model's server, a handbook and scenarios."""

from __future__ import annotations

import asyncio
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from simulators.openai import create_app

ROOT = Path(__file__).parents[3]

PERSONA = 'name = "Ada"\ninstructions = "Answer from the handbook."\nknowledge = ["handbook.md"]\n'
SCENARIOS = """
[[scenarios]]
name = "looks the warranty up"
[[scenarios.turns]]
says = "How long is the warranty?"
called = [{ tool = "search_knowledge" }]
heard = ["seven years"]

[[scenarios]]
name = "hangs up without a goodbye"
[[scenarios.turns]]
says = "How long is the warranty?"
called = [{ tool = "end_call" }]
"""


async def test_scenarios_are_run_with_the_personas_handbook(tmp_path: Path) -> None:
    """The handbook is indexed first; table, exit status and JUnit file show which scenario failed."""
    (tmp_path / "handbook.md").write_text("# Warranty\n\nThe warranty lasts seven years.\n")
    (tmp_path / "ada.toml").write_text(PERSONA)
    (tmp_path / "ada.eval.toml").write_text(SCENARIOS)
    app = web.Application()
    app.add_subapp("/openai", create_app(api_key="stand-in", tokens_per_second=0))
    async with TestServer(app) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "STAND_INS_URL": str(server.make_url("")).rstrip("/"),
            "STATE_DIR": str(tmp_path / "state"),
        }
        program = [sys.executable, str(ROOT / "agent.py"), "eval", "ada.toml", "--junit", "eval.xml"]
        process = await asyncio.create_subprocess_exec(
            *program, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output = (await process.communicate())[0].decode()

    table = [line for line in output.splitlines() if line.startswith(("passed", "FAILED"))]
    assert process.returncode == 1, output
    assert [line.split()[0] for line in table] == ["passed", "FAILED"], output
    assert "looks the warranty up" in table[0]
    [suite] = ET.parse(tmp_path / "eval.xml").getroot()  # noqa: S314 - our own file
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ada", "2", "1")
