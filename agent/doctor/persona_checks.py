"""The checks of a persona's documents, programs and embeddings."""

import asyncio

from agent.doctor.finding import TIMEOUT_S, Check, CheckError
from agent.knowledge.embeddings import EmbeddingsError, embeddings_of
from agent.knowledge.index import index_path, read_space
from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.tools.persona_tools import check_surroundings

# The checks whose result depends on the persona; the others run once.
OF_PERSONA = ("language", "OpenAI key", "model settings", "voices", "avatar", "documents and programs")

_SAMPLE = "Hello."


def persona_checks(settings: Settings, persona: Persona) -> dict[str, Check]:
    """Return the checks, by name."""
    checks: dict[str, Check] = {"documents and programs": lambda: _surroundings(persona)}
    if settings.embeddings_model:
        checks["embeddings"] = lambda: _embeddings(settings, persona)
    return checks


async def _surroundings(persona: Persona) -> str:
    try:
        await asyncio.to_thread(check_surroundings, persona)
    except SettingsError as error:
        raise CheckError("; ".join(each.removeprefix("PERSONA: ") for each in error.problems)) from None
    sources = len(persona.knowledge.sources) if persona.knowledge else 0
    return f"{sources} source(s) of knowledge, {len(persona.mcp)} MCP server(s)"


async def _embeddings(settings: Settings, persona: Persona) -> str:
    """Ask for one vector, and compare it with those of the persona's index."""
    embeddings = embeddings_of(settings)
    if embeddings is None:
        return "not used"
    try:
        dimension = (await embeddings.embed([_SAMPLE], within=TIMEOUT_S)).shape[1]
    except EmbeddingsError as error:
        message = (
            f"EMBEDDINGS_MODEL={embeddings.model}: {error}; knowledge is searched by full text alone: "
            "check EMBEDDINGS_BASE_URL and the key"
        )
        raise CheckError(message) from None
    if persona.knowledge is not None:
        index = index_path(settings.state_dir, persona.knowledge, persona.folder)
        space = await asyncio.to_thread(read_space, index)
        if space is not None and space.identity == embeddings.identity and space.dimension != dimension:
            message = (
                f"{embeddings.model} returns vectors of {dimension} numbers, and those of the index have "
                f"{space.dimension}: only full text is searched until a running worker has computed them again"
            )
            raise CheckError(message)
    return f"{embeddings.model} returns vectors of {dimension} numbers"
