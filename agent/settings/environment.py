"""The process's environment: completed from `.env`, with every value cleaned for the libraries that read it."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

from dotenv import dotenv_values, load_dotenv
from pydantic import BeforeValidator

from agent.settings.model import Settings, is_secret
from agent.settings.proxies import cleaned_proxies
from agent.settings.values import clean

# Read by the framework only.
_OTHERS = ("LIVEKIT_LOG_LEVEL", "LIVEKIT_AGENT_NAME_OVERRIDE", "LIVEKIT_WORKER_TOKEN")


def read_env_file() -> dict[str, str]:
    """Add `.env` of the working directory to the environment, where the framework, plugins and jobs see it too.

    Variables that are already set keep their values, cleaned: the framework and the plugins read some themselves.

    Returns:
        The environment as it was before.
    """
    before = dict(os.environ)
    if env_file_problem() is None:
        load_dotenv(_env_file(), encoding="utf-8-sig")
    os.environ.update(cleaned(os.environ))
    return before


def env_file_problem() -> str | None:
    """Return why `.env` can't be read; None if it can, or is missing."""
    try:
        _env_file().read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return f"{_env_file()} is not UTF-8 text: save it as UTF-8"
    except OSError as error:
        return f"{_env_file()} can't be read: {error.strerror}"
    return None


def cleaned(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables whose cleaned values differ from the written ones; unusable ones stay unchanged."""
    names = {name.upper(): name for name in Settings.model_fields}
    values = {name: _cleaned(names[name], value) for name, value in environment.items() if name in names}
    values |= {name: clean(environment[name]) for name in _OTHERS if name in environment}
    values |= cleaned_proxies(environment)
    return {name: value for name, value in values.items() if value != environment.get(name)}


def mended(before: Mapping[str, str]) -> dict[str, str]:
    """Return the settings whose used value differs from the written one: other programs may not correct them.

    Args:
        before: The environment without `.env`.

    Returns:
        The used values by name; empty for a secret one.
    """
    of_file = dotenv_values(_env_file(), encoding="utf-8-sig")
    written = {name: value or "" for name, value in of_file.items()} | {**before}
    names = {name.upper(): name for name in Settings.model_fields}
    changed = {name: value for name, value in cleaned(written).items() if name in names}
    return {
        name: "" if is_secret(names[name]) else value
        for name, value in changed.items()
        if value.lower() != written[name].strip().rstrip("/").lower() and not written[name].startswith("~")
    }


def _env_file() -> Path:
    return Path.cwd() / ".env"


def _cleaned(field: str, value: str) -> str:
    for each in Settings.model_fields[field].metadata:
        if isinstance(each, BeforeValidator):
            with suppress(ValueError):
                return str(cast("Callable[[str], object]", each.func)(value) or "")
    return value
