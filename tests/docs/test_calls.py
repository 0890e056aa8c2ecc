"""The page about configurations matches the code."""

import json
import re
import tomllib

from agent.call_config import parse_config
from agent.call_config.given import in_metadata
from agent.persona import Persona
from docs.calls import PAGE, page_with_fields

TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's examples in a language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_fields_in_the_page_match_the_code() -> None:
    """The table is current; `python -m docs.calls` writes it again."""
    assert page_with_fields(TEXT) == TEXT


def test_the_persona_in_the_page_can_be_used() -> None:
    """Only its ids are replaced."""
    [persona] = [Persona.model_validate(tomllib.loads(block)) for block in blocks("toml")]

    assert persona.variables == {"customer": "there"}


def test_the_configurations_in_the_page_can_be_used() -> None:
    """The first example, the body of the request and the metadata of the dispatch are valid."""
    body, metadata = (re.findall(r"'(\{.*\})'", block)[0] for block in blocks("sh"))

    assert parse_config(json.loads(blocks("json")[0])).persona == "concierge"
    assert parse_config(json.loads(body)["call"]).variables == {"customer": "Kim"}
    assert in_metadata(metadata).config.persona == "concierge"
    assert not in_metadata(metadata).problems
