"""The OpenAPI document of all routes except the page's files, made from the models of requests and answers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from aiohttp import web
from pydantic import TypeAdapter

from agent.control.payloads import Nothing, Repeat, Repeated, RepeatState, Talk
from agent.rooms.connection_details import ConnectionDetails
from agent.web.answers import Begun, Choices, Failure, Health, ListedSessions, TokenAnswer
from agent.web.call_request import CallRequest, NewCall, Wait
from agent.web.call_state import CallState
from agent.web.renderer import RendererRequest, RendererSession
from agent.web.token_source import TokenRequest

PATH = "/api/openapi.json"

_SCHEMA = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_PARAMETERS = {
    "call": "the call's id: the room's name",
    "repeat": "the id in the answer to the repeat",
    "session": "the sessionId in the answer to the session's start",
}

_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "all": [],
    "callers": [{"secret": []}, {}],
    "backends": [{"secret": []}],
}

_CREATED, _NO_CONTENT = HTTPStatus.CREATED, HTTPStatus.NO_CONTENT


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        summary: What it does.
        answer: Model of the answer; None for an empty one.
        body: Model of the body; None if there is none.
        query: Model of the query; None if there is none.
        status: Status of the answer.
        access: `all` may send it; `callers` send the secret if one is set; `backends` must send it, and are refused if
            none is set.
    """

    summary: str
    answer: Any
    body: Any = None
    query: Any = None
    status: HTTPStatus = HTTPStatus.OK
    access: Literal["all", "callers", "backends"] = "callers"


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/healthz"): Operation("Report whether callers can be let in; 503 if not", Health, access="all"),
    ("GET", PATH): Operation("Describe the HTTP API", dict[str, Any], access="all"),
    ("POST", "/api/call"): Operation(
        "Let a caller into a new call, or back into theirs", ConnectionDetails, CallRequest
    ),
    ("GET", "/api/choices"): Operation("List the choices that a caller has before the call", Choices),
    ("POST", "/api/token"): Operation(
        "Give a token to one of LiveKit's client SDKs", TokenAnswer, TokenRequest, status=_CREATED
    ),
    ("GET", "/api/sessions"): Operation("List the avatar sessions of this machine", ListedSessions, access="backends"),
    ("POST", "/api/calls"): Operation("Begin a call", Begun, NewCall, status=_CREATED, access="backends"),
    ("GET", "/api/calls/{call}"): Operation("Describe a call; 404 if it is over", CallState, access="backends"),
    ("DELETE", "/api/calls/{call}"): Operation("End a call", None, status=_NO_CONTENT, access="backends"),
    ("POST", "/api/calls/{call}/talk"): Operation(
        "Have the agent answer a text as if the caller had said it", Nothing, Talk, access="backends"
    ),
    ("POST", "/api/calls/{call}/repeat"): Operation(
        "Have the agent say a text word for word", Repeated, Repeat, access="backends"
    ),
    ("GET", "/api/calls/{call}/repeat/{repeat}"): Operation(
        "Report the state of a repeat", RepeatState, query=Wait, access="backends"
    ),
    ("POST", "/api/calls/{call}/interrupt"): Operation(
        "Interrupt the agent, and drop what it was going to say", Nothing, Nothing, access="backends"
    ),
    ("POST", "/api/renderer/sessions"): Operation(
        "Start an avatar session for a front end that renders it",
        RendererSession,
        RendererRequest,
        status=_CREATED,
        access="backends",
    ),
    ("DELETE", "/api/renderer/sessions/{session}"): Operation(
        "Stop such an avatar session", None, status=_NO_CONTENT, access="backends"
    ),
}


def add_openapi(app: web.Application) -> None:
    """Serve the document of an application; call it before the routes below `/api` are added."""
    made: dict[str, Any] = {}

    async def describe(_: web.Request) -> web.Response:
        if not made:
            made.update(document(served_by(app)))
        return web.json_response(made)

    app.router.add_get(PATH, describe)


def served_by(app: web.Application) -> set[tuple[str, str]]:
    """Return the method and path of every route; a GET route serves HEAD too, which is left out."""
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def document(served: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Make the document of the served routes, which depend on ROOM_OWNER."""
    operations = {key: operation for key, operation in OPERATIONS.items() if key in set(served)}
    models = {
        each for operation in operations.values() for each in (operation.body, operation.answer) if each is not None
    }
    schemas, definitions = _schemas([*models, Failure])
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The agent's HTTP API", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"secret": {"type": "http", "scheme": "bearer", "description": "WEB_SECRET"}},
        },
    }


def _schemas(models: Iterable[Any]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return a reference for each model, and the definitions that they refer to."""
    mode: Literal["validation"] = "validation"
    adapters = [(model, mode, TypeAdapter(model)) for model in dict.fromkeys(models)]
    made, rest = TypeAdapter.json_schemas(adapters, ref_template=_SCHEMA)
    definitions = {name: _first_paragraph(schema) for name, schema in rest["$defs"].items()}
    return {model: schema for (model, _), schema in made.items()}, definitions


def _first_paragraph(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a model by its summary; the rest of the docstring is for readers of the code."""
    described = schema.get("description", "").partition("\n\n")[0].replace("\n", " ")
    return {**schema, "description": described} if described else schema


def _operation(path: str, operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": operation.status.phrase}
    if operation.answer is not None:
        answer["content"] = _json(schemas[operation.answer])
    told: dict[str, Any] = {
        "summary": operation.summary,
        "security": _SECURITY[operation.access],
        "parameters": [*map(_in_path, _PARAMETER.findall(path)), *_in_query(operation.query)],
        "responses": {
            str(operation.status.value): answer,
            "default": {"description": "An error, as a sentence", "content": _json(schemas[Failure])},
        },
    }
    if operation.body is not None:
        told["requestBody"] = {"content": _json(schemas[operation.body])}
    return told


def _in_path(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PARAMETERS[name],
        "schema": {"type": "string"},
    }


def _in_query(model: Any) -> list[dict[str, Any]]:
    if model is None:
        return []
    properties = TypeAdapter(model).json_schema()["properties"]
    return [
        {"name": name, "in": "query", "description": schema.pop("description", ""), "schema": schema}
        for name, schema in properties.items()
    ]


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
