"""The command `eval`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from agent.call_config.variables import filled
from agent.evaluation.report import junit, lines
from agent.evaluation.run import Result, run_scenario
from agent.evaluation.scenario import Scenario, load_scenarios, scenarios_beside
from agent.knowledge.embeddings import embeddings_of
from agent.knowledge.keeper import embed_knowledge, index_knowledge
from agent.persona import Persona, load_persona, personas_beside
from agent.persona_check import require_usable
from agent.settings import Settings, SettingsError, load_settings
from agent.tools.persona_tools import check_surroundings


def evaluate(
    persona: Annotated[str, typer.Argument(help="Name or path of a persona file; by default PERSONA's.")] = "",
    report: Annotated[Path | None, typer.Option("--junit", help="Also write the results as JUnit XML.")] = None,
) -> None:
    """Run a persona's scenarios through the agent, in text, and compare its answers with what is expected."""
    settings = load_settings()
    path = persona_path(settings, persona)
    chosen = filled(load_persona(path), {})
    require_usable(settings, chosen)
    check_surroundings(chosen)
    _need_model(settings)
    scenarios = load_scenarios(scenarios_beside(path))
    if settings.openai.is_stand_in:
        typer.echo("A STAND-IN, not the real thing: openai", err=True)
    results = asyncio.run(_run(settings, chosen, scenarios))
    for line in lines(results):
        typer.echo(line)
    if report is not None:
        report.write_text(junit(path.stem, results), "utf-8")
    if any(result.problems for result in results):
        raise typer.Exit(1)


def persona_path(settings: Settings, name: str) -> Path:
    """Find a persona's file.

    Args:
        settings: Contain the default.
        name: Name of an available persona, or a path; empty for the default.

    Raises:
        SettingsError: There is no such file.
    """
    files = personas_beside(settings.persona, settings.personas_dir)
    path = files.get(name) or Path(name) if name else settings.persona
    if not path.is_file():
        raise SettingsError([f"there is no persona {name or path}: name a file, or one of {', '.join(files)}"])
    return path


async def _run(settings: Settings, persona: Persona, scenarios: tuple[Scenario, ...]) -> list[Result]:
    """Run one scenario after the other: a self-hosted server may answer only one request at a time."""
    await index_knowledge(persona, settings)
    await embed_knowledge(persona, settings, embeddings_of(settings))
    return [await run_scenario(settings, persona, scenario) for scenario in scenarios]


def _need_model(settings: Settings) -> None:
    if not settings.openai.key.get_secret_value():
        message = "OPENAI_API_KEY is missing: get one at platform.openai.com, or set OPENAI_BASE_URL or STAND_INS_URL"
        raise SettingsError([message])
