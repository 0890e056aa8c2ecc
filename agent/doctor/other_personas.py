"""Checks the personas that calls can have in addition to the one that PERSONA names."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.call_config import CallConfig, CallConfigError, resolve
from agent.doctor.finding import Check, Finding, find
from agent.persona import Persona, load_persona, personas_beside
from agent.persona_check import require_usable
from agent.settings import Settings, SettingsError

# Makes the checks of a persona, by name.
ChecksOf = Callable[[Settings, Persona], Mapping[str, Check]]


async def examine_others(settings: Settings, checks_of: ChecksOf, known: Sequence[Finding] = ()) -> list[Finding]:
    """Check each other persona as in a call that names it: with its avatar, voice, model and documents.

    Args:
        settings: Of the worker.
        checks_of: See `ChecksOf`.
        known: Findings with the first persona; another persona with the same problem does not repeat it.

    Returns:
        A finding for each persona that can be used, and one for each problem that the first persona does not have.
    """
    files = personas_beside(settings.persona, settings.personas_dir)
    others = [stem for stem in files if stem != settings.persona.stem]
    return [finding for stem in others for finding in await _examine(settings, stem, files, checks_of, known)]


async def _examine(
    settings: Settings, stem: str, files: Mapping[str, Path], checks_of: ChecksOf, known: Sequence[Finding]
) -> list[Finding]:
    what = f"persona {stem}"
    try:
        resolved = resolve(settings, lambda each: _usable(settings, files[each]), CallConfig(persona=stem))
    except CallConfigError as error:
        return [Finding(what, good=False, text=problem) for problem in error.problems.values()]
    except SettingsError as error:
        return [Finding(what, good=False, text=problem) for problem in error.problems]
    found = await asyncio.gather(*(find(name, check) for name, check in checks_of(*resolved).items()))
    problems = [each for each in found if not each.good]
    own = [Finding(what, good=False, text=f"{each.what}: {each.text}") for each in problems if each not in known]
    if problems:
        return own
    return [Finding(what, good=True, text="can be used")]


def _usable(settings: Settings, file: Path) -> Persona:
    persona = load_persona(file)
    require_usable(settings, persona)
    return persona
