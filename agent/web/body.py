"""The body of a request, within a deadline."""

import asyncio
from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from agent.web.errors import RequestError

_BODY_TIMEOUT = 5.0  # seconds

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: web.Request) -> bytes:
    """Read the JSON of a request; an empty body is an empty object.

    Raises:
        RequestError: It did not arrive in time.
    """
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            return await request.read() or b"{}"
    except TimeoutError:
        raise RequestError(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.") from None


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """Read the JSON of a request into a model; an empty body is an empty object.

    Raises:
        RequestError: It did not arrive in time, or does not fit the model; names the first wrong field.
    """
    try:
        return model.model_validate_json(await read_body(request))
    except ValidationError as error:
        raise _told(error, "the body") from None


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Read the query of a request into a model.

    Raises:
        RequestError: It does not fit the model; names the first wrong field.
    """
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise _told(error, "the query") from None


def _told(error: ValidationError, whole: str) -> RequestError:
    first = error.errors()[0]
    field = ".".join(str(each) for each in first["loc"]) or whole
    return RequestError(HTTPStatus.BAD_REQUEST, f"{field}: {first['msg']}.")
