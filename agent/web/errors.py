"""Answers to requests that can't be served: JSON with a sentence, never a traceback."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from agent.rooms.connection_details import CallOverError, NoRoomError

logger = logging.getLogger("agent")

# Messages for requests that the HTTP library refuses itself.
_SENTENCES = {
    HTTPStatus.NOT_FOUND: "Not found.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method not allowed.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is too long.",
}


class RequestError(Exception):
    """A request can't be served.

    Args:
        status: Status of the answer.
        message: A sentence for the client; a page shows it to the caller.
        retry_after: Seconds after which the client may retry; None if that is useless.
    """

    def __init__(self, status: HTTPStatus, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))}
        if status is HTTPStatus.UNAUTHORIZED:
            self.headers["WWW-Authenticate"] = "Bearer"


@web.middleware
async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as `{"error": "a sentence"}`."""
    try:
        return await handler(request)
    except RequestError as error:
        return _answer(error.status, str(error), error.headers)
    except CallOverError as error:
        return _answer(HTTPStatus.GONE, str(error))
    except NoRoomError as error:
        return _answer(HTTPStatus.BAD_GATEWAY, str(error))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _answer(status, _SENTENCES.get(status, f"{status.phrase}."), allowed)
    except Exception:
        logger.exception("a request for the page or a token failed")
        return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on the server.")


def _answer(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": message}, status=status, headers=headers)
