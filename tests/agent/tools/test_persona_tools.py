"""All tools of a persona, and when they are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.agents import function_tool

from agent.persona import load_persona
from agent.settings import SettingsError
from agent.tools.persona_tools import check_surroundings, name_of, tools_of, without_taken_names

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'name = "Ada"\ninstructions = "x"\n'
HTTP = '[[http_tools]]\nname = "{}"\ndescription = "x"\nurl = "https://example.com"\n'


def written(folder: Path, text: str) -> Path:
    """Write a persona file."""
    path = folder / "ada.toml"
    path.write_text(HEAD + text)
    return path


def test_a_persona_has_its_tools_of_every_kind(tmp_path: Path) -> None:
    """Only those of MCP servers are added later."""
    (tmp_path / "a.md").write_text("x")
    text = (
        'tools = ["end_call"]\nknowledge = ["a.md"]\n' + HTTP.format("order") + '[transfer]\nsupport = "tel:+49301"\n'
    )
    persona = load_persona(written(tmp_path, text))
    check_surroundings(persona)

    assert [name_of(tool) for tool in tools_of(persona, tmp_path)] == [
        "end_call",
        "order",
        "transfer_call",
        "search_knowledge",
    ]


@pytest.mark.parametrize("name", ["end_call", "search_knowledge", "order"])
def test_two_tools_with_the_same_name_are_refused(tmp_path: Path, name: str) -> None:
    """The language model could not tell them apart."""
    text = 'tools = ["end_call"]\nknowledge = ["a.md"]\n' + HTTP.format("order") + HTTP.format(name)
    with pytest.raises(SettingsError, match=f"two tools with the name {name}"):
        load_persona(written(tmp_path, text))


def test_missing_files_and_programs_are_refused_at_the_start(tmp_path: Path) -> None:
    """The error names a document and the program of an MCP server."""
    text = 'knowledge = ["none.md"]\n[[mcp]]\nname = "crm"\ncommand = ["no-such-program", "x"]\n'
    persona = load_persona(written(tmp_path, text))
    with pytest.raises(SettingsError) as error:
        check_surroundings(persona)

    assert error.value.problems == [
        "PERSONA: mcp: crm: there is no program no-such-program",
        "PERSONA: knowledge: none.md: there is no such file",
    ]


def test_a_program_may_be_next_to_the_persona_file(tmp_path: Path) -> None:
    """It may also be on PATH."""
    program = tmp_path / "bin" / "server"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = '[[mcp]]\nname = "a"\ncommand = ["bin/server"]\n[[mcp]]\nname = "b"\ncommand = ["sh"]\n'
    check_surroundings(load_persona(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[mcp]]\nname = "crm"\n', "give either url or command"),
        ('[[mcp]]\nname = "crm"\nurl = "https://x"\ncommand = ["x"]\n', "give either url or command"),
        ('[[mcp]]\nname = "crm"\nurl = "mcp.example.com"\n', "should match pattern"),
        ('[[mcp]]\nname = "crm"\nurl = "https://x"\nheaders = { A = "$NO_SUCH" }\n', "the environment has no NO_SUCH"),
        ('[[mcp]]\nname = "crm"\nurl = "https://x/mcp?key=$HOME"\n', "should match pattern"),
        ('[transfer]\nsupport = "+49"\n', "must be a URI such as tel:"),
        ("knowledge = []\n", "at least 1 item"),
        ('[knowledge]\nsources = ["a.md"]\nfresh = 1\n', "knowledge.fresh: Extra inputs are not permitted"),
    ],
)
def test_errors_in_the_file_are_reported(tmp_path: Path, text: str, problem: str) -> None:
    """The error names the field."""
    with pytest.raises(SettingsError, match=problem):
        load_persona(written(tmp_path, text))


def test_a_tool_whose_name_is_taken_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """The log says so."""

    @function_tool
    async def one() -> None: ...

    @function_tool
    async def two() -> None: ...

    assert without_taken_names([one, two], [one]) == [two]
    assert caplog.messages == ["a tool is left out, its name is taken"]
