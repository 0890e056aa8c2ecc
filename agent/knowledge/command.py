"""`python agent.py knowledge`: indexes what a persona knows, and tries a search."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agent.knowledge.index import index_path
from agent.knowledge.keeper import index_knowledge
from agent.knowledge.search import search
from agent.persona import load_persona
from agent.settings import SettingsError, load_settings
from agent.tools.persona_tools import check_surroundings

# Passages that are printed, and characters of each.
_MOST_PASSAGES = 4
_SHOWN = 300


def knowledge(
    persona: Annotated[
        Path | None, typer.Argument(help="A persona file; by default the one that PERSONA names.")
    ] = None,
    *,
    search_for: Annotated[str, typer.Option("--search", help="What to look for in it.")] = "",
) -> None:
    """Index what a persona knows, print what could not be read, and try a search."""
    settings = load_settings()
    loaded = load_persona(persona or settings.persona)
    check_surroundings(loaded)
    if loaded.knowledge is None:
        raise SettingsError([f"PERSONA: {loaded.name} has no knowledge; docs/knowledge.md says how to give it some"])
    built = asyncio.run(
        index_knowledge(loaded, settings, lambda done, of: typer.echo(f"\rread {done} of {of}", nl=done == of))
    )
    if built is None:
        raise typer.Exit(1)
    for document in built.documents:
        typer.echo(f"{len(document.passages):6} passages  {document.title}")
    for location, reason in built.failures.items():
        typer.echo(f"not read: {location}: {reason}", err=True)
    if search_for:
        index = index_path(settings.state_dir, loaded.knowledge, loaded.folder)
        for found in search(index, search_for, _MOST_PASSAGES):
            typer.echo(f"\n{found.title}  {found.where}\n{found.text[:_SHOWN]}")
