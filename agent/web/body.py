"""The body of a request, within a deadline."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from agent.web.errors import RequestError

_BODY_TIMEOUT = 5.0  # seconds


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
