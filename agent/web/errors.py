"""What is answered to a request that can't be served: JSON with a sentence, and never a traceback."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from agent.rooms.connection_details import NoRoomError

logger = logging.getLogger("agent")

_SENTENCES = {
    HTTPStatus.NOT_FOUND: "there is no such thing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "this is not what can be done here",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request is too long",
}
# For what the HTTP library refuses by itself.


class RequestError(Exception):
    """A request can't be served.

    Args:
        status: Of the answer.
        message: A sentence for who asked.
        retry_after: Seconds after which it may be asked again; None when that would not help.
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
        return _told(error.status, str(error), error.headers)
    except NoRoomError as error:
        return _told(HTTPStatus.BAD_GATEWAY, str(error))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        status = HTTPStatus(error.status)
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _told(status, _SENTENCES.get(status, status.phrase.lower()), allowed)
    except Exception:
        logger.exception("a request for the page or a token failed")
        return _told(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong here; it is in the log")


def _told(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": message}, status=status, headers=headers)
