"""Configurations that clients send, and the fields that they may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.call_config import CallConfig, CallLimits

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.web.web_fakes import Site

SECRET = "a-secret-of-ours"
BEARER = {"Authorization": f"Bearer {SECRET}"}


async def test_a_caller_chooses_the_persona(site: Site) -> None:
    """By default only the persona may be chosen; a request without it passes None to the rooms."""
    async with site.client() as client:
        chosen = await client.post("/api/call", json={"name": "Kim", "call": {"persona": "poet"}})
        plain = await client.post("/api/call", json={"name": "Kim"})

    assert (chosen.status, plain.status) == (200, 200)
    assert site.rooms.configs == [CallConfig(persona="poet"), None]


@pytest.mark.parametrize(
    ("values", "document", "status", "sentence"),
    [
        ({}, {"voise": "x"}, 400, "CALL CONFIG voise: there is no such field."),
        ({}, {"persona": "nobody"}, 400, "CALL CONFIG persona: there is no such persona; there is nova, poet."),
        ({}, {"persona": "poet", "voice": "x"}, 403, "CALL CONFIG voice: can't be given here."),
        ({"call_fields": "none"}, {"persona": "poet"}, 403, "CALL CONFIG persona: can't be given here."),
        ({"call_fields": "voice, limits"}, {"limits": {"minutes_per_call": 0}}, 400, "limits.minutes_per_call: input"),
        ({"web_secret": SECRET}, {"tools": ["fly"]}, 400, "CALL CONFIG tools: there is no tool fly"),
    ],
)
async def test_an_invalid_or_forbidden_field_is_refused(
    site: Site, values: dict[str, Any], document: dict[str, Any], status: int, sentence: str
) -> None:
    """No room is made."""
    async with site.client(**values) as client:
        answer = await client.post("/api/call", json={"call": document}, headers=BEARER)
        assert (answer.status, sentence in (await answer.json())["error"]) == (status, True)
    assert not site.rooms.configs


async def test_with_the_secret_every_field_may_be_given(site: Site) -> None:
    """The secret belongs to a server, which is trusted."""
    document = {"voice": "x", "webhook": "https://example.com/hook", "limits": {"call_idle_seconds": 60}}
    async with site.client(web_secret=SECRET) as client:
        stranger = await client.post("/api/call", json={"call": document})
        answer = await client.post("/api/call", json={"call": document}, headers=BEARER)

    assert (stranger.status, answer.status) == (401, 200)
    [config] = site.rooms.configs
    assert config is not None
    assert (config.voice.id, str(config.webhook)) == ("x", "https://example.com/hook")
    assert config.limits == CallLimits(call_idle_seconds=60)


async def test_fields_that_the_server_allows_may_be_given(site: Site) -> None:
    """CALL_FIELDS lists them."""
    async with site.client(call_fields="voice, variables") as client:
        answer = await client.post("/api/call", json={"call": {"voice": "x", "variables": {"a": "b"}}})

    assert answer.status == 200
    assert site.rooms.configs == [CallConfig(voice="x", variables={"a": "b"})]


async def test_a_page_learns_its_choices(site: Site, tmp_path: Path) -> None:
    """A persona that is added to the folder is offered without a restart; a broken one is not."""
    async with site.client(personas_dir=tmp_path, call_fields="voice") as client:
        before = await (await client.get("/api/choices")).json()
        (tmp_path / "ada.toml").write_text('name = "Ada"\ninstructions = "Be kind."\n')
        (tmp_path / "broken.toml").write_text("name =")
        after = await (await client.get("/api/choices")).json()

    nova, poet = {"persona": "nova", "name": "Nova"}, {"persona": "poet", "name": "Mira"}
    assert before == {"fields": ["voice"], "persona": "nova", "personas": [nova, poet]}
    assert after["personas"] == [nova, poet, {"persona": "ada", "name": "Ada"}]


async def test_a_missing_default_persona_does_not_refuse_a_call(site: Site, tmp_path: Path) -> None:
    """The page may run on another machine than the worker, and the job checks the file."""
    async with site.client(persona=tmp_path / "elsewhere.toml", call_fields="voice") as client:
        answer = await client.post("/api/call", json={"call": {"voice": "x"}})

    assert answer.status == 200
