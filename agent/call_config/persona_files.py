"""The personas that calls can have. Their files are read for each call, so new and changed files are used."""

import logging

from agent.persona import Persona, load_persona, personas_beside
from agent.persona_check import require_usable
from agent.settings import Settings, SettingsError

logger = logging.getLogger("agent")


def require_folder(settings: Settings) -> None:
    """Make sure that PERSONAS_DIR, if it is set, is a folder.

    Raises:
        SettingsError: It is not a folder.
    """
    folder = settings.personas_dir
    if folder is not None and not folder.is_dir():
        raise SettingsError([f"PERSONAS_DIR: there is no folder {folder}"])


def persona_named(settings: Settings, stem: str) -> Persona:
    """Read the persona of a file's stem.

    Raises:
        SettingsError: There is no such file, or it can't be used, for a reason that is logged.
    """
    files = personas_beside(settings.persona, settings.personas_dir)
    if stem not in files:
        raise SettingsError([f"there is no such persona; there is {', '.join(files)}"])
    try:
        persona = load_persona(files[stem])
        require_usable(settings, persona)
    except SettingsError as error:
        logger.warning("the file of a persona can't be used", extra={"persona": stem, "error": str(error)})
        raise SettingsError(["that persona can't be used at the moment"]) from None
    return persona


def usable_personas(settings: Settings) -> dict[str, Persona]:
    """Read all usable personas, by the stems of their files; log why others can't be used."""
    found: dict[str, Persona] = {}
    for stem in personas_beside(settings.persona, settings.personas_dir):
        try:
            found[stem] = persona_named(settings, stem)
        except SettingsError:  # logged already
            continue
    return found
