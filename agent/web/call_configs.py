"""The configurations that clients send with their requests, and the choices that they are offered."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus

from aiohttp import web

from agent.call_config import CallConfig, CallConfigError, parse_config, resolve
from agent.call_config.given import require_permitted
from agent.call_config.persona_files import persona_named, usable_personas
from agent.settings import Settings, SettingsError
from agent.web.errors import RequestError


class CallConfigs:
    """Reads configurations that clients send.

    Args:
        settings: Name the personas and, in CALL_FIELDS, the fields that callers may give. With a secret, every
            request has it and may give all fields.

    Attributes:
        fields: The fields that may be given.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.fields = frozenset(CallConfig.model_fields) if settings.secret else settings.call_fields

    async def read(self, document: object) -> CallConfig | None:
        """Read a configuration, and make sure that a call can be made with it.

        Args:
            document: The JSON object; None if there is none.

        Raises:
            RequestError: A field is wrong (400) or may not be given (403); the message names it.
        """
        if document is None:
            return None
        with _refusing(HTTPStatus.BAD_REQUEST):
            config = parse_config(document)
        with _refusing(HTTPStatus.FORBIDDEN):
            require_permitted(config, self.fields)
        with (
            _refusing(HTTPStatus.BAD_REQUEST),
            suppress(SettingsError),
        ):  # of the worker's own persona: the job reports it
            await asyncio.to_thread(resolve, self._settings, partial(persona_named, self._settings), config)
        return config

    async def choices(self) -> dict[str, object]:
        """Return the choices that a page can offer: the fields that may be given, and the personas."""
        personas = await asyncio.to_thread(usable_personas, self._settings)
        return {
            "fields": sorted(self.fields),
            "persona": self._settings.persona.stem,
            "personas": [{"persona": stem, "name": persona.name} for stem, persona in personas.items()],
        }


CALL_CONFIGS = web.AppKey("CALL_CONFIGS", CallConfigs)


async def list_choices(request: web.Request) -> web.Response:
    """List the choices that a caller has before the call."""
    return web.json_response(await request.app[CALL_CONFIGS].choices())


@contextmanager
def _refusing(status: HTTPStatus) -> Iterator[None]:
    try:
        yield
    except CallConfigError as error:
        raise RequestError(status, f"{'. '.join(error.sentences)}.") from None
