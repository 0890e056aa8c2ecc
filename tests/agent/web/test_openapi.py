"""The OpenAPI document: it describes exactly the served routes, and answers match it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from pydantic import TypeAdapter

from agent.rooms.own import OwnRooms
from agent.web.app import create_app
from agent.web.openapi import OPERATIONS, document, served_by
from tests.agent.web.web_fakes import Site, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

KNOWN = {"Authorization": "Bearer a-secret"}

# The page's files, which no program requests.
PAGE = ("GET", "/{path}")


def app_of(directory: Path) -> web.Application:
    """Make the application for our own rooms, which has all routes."""
    site, set_ = Site(directory), settings(web_secret="a-secret", avatar_starts="join")
    return create_app(set_, OwnRooms(set_), site.worker, site.journal, site.page)


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[TestClient[Any, Any]]:
    """Serve the application, and yield a client."""
    async with TestClient(TestServer(app_of(directory))) as client:
        yield client


def test_every_route_is_described_and_the_reverse(tmp_path: Path) -> None:
    """Only the page's files are left out."""
    assert served_by(app_of(tmp_path)) - {PAGE} == set(OPERATIONS)


async def test_the_document_is_valid(tmp_path: Path) -> None:
    """It follows the schema of OpenAPI 3.1, and can be read without the secret."""
    async with served(tmp_path) as client, client.get("/api/openapi.json") as answer:
        assert answer.status == 200
        made = await answer.json()
    validate(made, cls=OpenAPIV31SpecValidator)
    assert {(method.upper(), path) for path, methods in made["paths"].items() for method in methods} == set(OPERATIONS)


def test_routes_that_are_not_served_are_not_described(tmp_path: Path) -> None:
    """Calls in LiveAvatar's rooms can't be controlled."""
    site = Site(tmp_path)
    paths = document(served_by(site.app()))["paths"]

    assert "/api/calls" not in paths
    assert "/api/call" in paths


def test_every_reference_has_a_definition() -> None:
    """This includes the call configuration, which requests refer to."""
    made = document(OPERATIONS)
    schemas = made["components"]["schemas"]

    assert {"CallConfig", "CallState", "ConnectionDetails", "RepeatState", "Failure"} <= set(schemas)
    for name in references(made):
        assert name.removeprefix("#/components/schemas/") in schemas
    assert not any("Attributes:" in schema.get("description", "") for schema in schemas.values())


def references(node: Any) -> set[str]:
    """Return all `$ref`s below a node."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references, node.values()))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("POST", "/api/call"),
        ("GET", "/api/choices"),
        ("POST", "/api/token"),
        ("GET", "/api/sessions"),
        ("POST", "/api/calls"),
    ],
)
async def test_answers_are_as_described(tmp_path: Path, method: str, path: str) -> None:
    """Status and fields match exactly; tests/agent/web/test_calls.py has the answers for a running call."""
    operation = OPERATIONS[method, path]
    site = Site(tmp_path)
    site.journal.add("s-1", api_url="http://elsewhere")
    async with served(tmp_path) as client, client.request(method, path, headers=KNOWN) as answer:
        told = await answer.json()

    assert answer.status == operation.status
    assert TypeAdapter(operation.answer).dump_python(TypeAdapter(operation.answer).validate_python(told)) == told


async def test_errors_are_as_described(tmp_path: Path) -> None:
    """An error is a single sentence."""
    async with served(tmp_path) as client, client.post("/api/calls") as answer:
        assert set(await answer.json()) == {"error"}
