"""`python agent.py knowledge`: indexes a persona's knowledge, and tries a search."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from agent.knowledge.build import Built
from agent.knowledge.embeddings import Embeddings, embeddings_of
from agent.knowledge.index import index_path
from agent.knowledge.keeper import embed_knowledge, index_knowledge
from agent.knowledge.search import find_passages
from agent.knowledge.sources import Knowledge
from agent.persona import Persona, load_persona
from agent.settings import Settings, SettingsError, load_settings
from agent.tools.persona_tools import check_surroundings

# Most passages that are printed, and most characters of each.
_MOST_PASSAGES = 4
_SHOWN = 300


def knowledge(
    persona: Annotated[
        Path | None, typer.Argument(help="A persona file; by default the one that PERSONA names.")
    ] = None,
    *,
    search_for: Annotated[str, typer.Option("--search", help="What to search for.")] = "",
) -> None:
    """Index a persona's knowledge, print what could not be read, and try a search."""
    settings = load_settings()
    loaded = load_persona(persona or settings.persona)
    check_surroundings(loaded)
    if loaded.knowledge is None:
        raise SettingsError([f"PERSONA: {loaded.name} has no knowledge; docs/knowledge.md says how to give it some"])
    asyncio.run(_index_and_search(loaded, loaded.knowledge, settings, search_for))


async def _index_and_search(persona: Persona, knowledge: Knowledge, settings: Settings, query: str) -> None:
    built = await index_knowledge(persona, settings, _progress("read"))
    if built is None:
        raise typer.Exit(1)
    embeddings = embeddings_of(settings) if knowledge.embeddings else None
    await embed_knowledge(persona, settings, embeddings, _progress("embedded"))
    _report(built, embeddings)
    if query:
        index = index_path(settings.state_dir, knowledge, persona.folder)
        for found in await find_passages(index, query, _MOST_PASSAGES, embeddings):
            typer.echo(f"\n{found.title}  {found.where}\n{found.text[:_SHOWN]}")


def _report(built: Built, embeddings: Embeddings | None) -> None:
    for document in built.documents:
        typer.echo(f"{len(document.passages):6} passages  {document.title}")
    for location, reason in built.failures.items():
        typer.echo(f"not read: {location}: {reason}", err=True)
    if embeddings is not None and embeddings.failure:
        typer.echo(f"searched by full text only: {embeddings.model}: {embeddings.failure}", err=True)


def _progress(what: str) -> Callable[[int, int], None]:
    return lambda done, of: typer.echo(f"\r{what} {done} of {of}", nl=done == of)
