"""The call configuration's document: what it accepts, and how it reports errors."""

from typing import Any

import pytest

from agent.call_config import CallConfig, CallConfigError, CallLimits, parse_config


def test_every_field_can_be_given() -> None:
    """A document with all fields is read, and written back unchanged."""
    document = {
        "persona": "poet",
        "name": "Ada",
        "avatar_id": "073b60a9-89a8-45aa-8902-c358f64d2852",
        "video_quality": "low",
        "voice": "21m00Tcm4TlvDq8ikWAM",
        "language": "de",
        "model": "gpt-4.1",
        "tools": ["get_time"],
        "variables": {"customer": "Kim"},
        "opening": "Hello {customer}.",
        "limits": {"minutes_per_call": 5.0, "call_idle_seconds": 60.0, "avatar_idle_seconds": 30.0},
        "webhook": "https://example.com/hook",
        "metadata": {"order": 7, "tags": ["a", None]},
    }
    config = parse_config(document)

    assert document.keys() == CallConfig.model_fields.keys()
    assert config.model_dump(mode="json", exclude_none=True) == document | {"tools": ["get_time"]}
    assert CallConfig.model_validate_json(config.to_json()) == config


def test_every_field_is_optional() -> None:
    """An empty document changes nothing."""
    assert parse_config({}) == CallConfig()
    assert CallConfig().to_json() == "{}"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"voise": "x"}, "CALL CONFIG voise: there is no such field"),
        ({"voice": 3}, "CALL CONFIG voice: must be an id, or a table of settings"),
        ({"persona": ""}, "CALL CONFIG persona: string should have at least 1 character"),
        (
            {"limits": {"minutes_per_call": 0}},
            "CALL CONFIG limits.minutes_per_call: input should be greater than or equal to 0.5",
        ),
        ({"webhook": "http://example.com"}, "CALL CONFIG webhook: URL scheme should be 'https'"),
        ({"metadata": {"a": "x" * 4000}}, "CALL CONFIG metadata: is larger than 4000 bytes of JSON"),
        ({"variables": {"a": "x" * 2001}}, "CALL CONFIG variables.a: string should have at most 2000 characters"),
        ({"tools": ["x" * 1000] * 20}, "CALL CONFIG: is larger than 16000 bytes"),
        (["persona"], "CALL CONFIG: has to be a JSON object"),
    ],
)
def test_an_error_names_the_field(document: Any, problem: str) -> None:
    """The sentence says which field is wrong and why."""
    with pytest.raises(CallConfigError) as error:
        parse_config(document)

    assert error.value.sentences == [problem]


def test_an_error_names_all_fields_and_no_value() -> None:
    """All errors are reported at once; values are left out, as they may be secrets."""
    with pytest.raises(CallConfigError) as error:
        parse_config({"name": "", "avatar_id": ["a secret"], "limits": {"hours": 1}})

    assert [name for name in CallConfig.model_fields if error.value.concerns(name)] == ["name", "avatar_id", "limits"]
    assert "secret" not in str(error.value)


def test_a_given_field_of_the_first_configuration_takes_precedence() -> None:
    """Fields that the first leaves out come from the second."""
    first, second = CallConfig(persona="poet"), CallConfig(persona="nova", voice="x", limits=CallLimits())

    assert first.over(second) == CallConfig(persona="poet", voice="x", limits=CallLimits())
    assert first.over(second).only({"voice"}) == CallConfig(voice="x")


def test_the_schema_describes_each_field() -> None:
    """The schema alone is enough to write a configuration."""
    schema = CallConfig.model_json_schema()

    assert all(field["description"] for field in schema["properties"].values())
    assert all(field["description"] for field in schema["$defs"]["CallLimits"]["properties"].values())
    assert schema["additionalProperties"] is False
