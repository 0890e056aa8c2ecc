"""Configuration that a call gets from metadata and from a telephone's attributes."""

import json

import pytest

from agent.call_config import CallConfig, CallConfigError, CallLimits
from agent.call_config.given import Given, as_metadata, in_attributes, in_metadata, require_permitted


def test_what_is_written_as_metadata_reads_back() -> None:
    """Every field reads back, and an empty configuration is written as an empty text."""
    config = CallConfig(
        persona="poet", tools=("end_call",), variables={"a": "ü"}, limits=CallLimits(minutes_per_call=2)
    )

    assert in_metadata(as_metadata(config)) == Given(config)
    assert (as_metadata(None), as_metadata(CallConfig())) == ("", "")


@pytest.mark.parametrize(
    "metadata",
    ["", "tenant-7", "7", "null", "[]", '{"persona": "poet"}', '{"caller": "Kim"}', "{", "[" * 100_000, '{"call": {}}'],
)
def test_metadata_for_something_else_is_left_alone(metadata: str) -> None:
    """Metadata without a `call` object may hold anything."""
    assert in_metadata(metadata) == Given()


@pytest.mark.parametrize(
    ("document", "config", "problems"),
    [
        ({"persona": "poet", "voise": "x"}, CallConfig(persona="poet"), ("CALL CONFIG voise: there is no such field",)),
        ({"persona": "poet", "a.b": 1}, CallConfig(persona="poet"), ("CALL CONFIG a.b: there is no such field",)),
        (
            {"limits": {"hours": 1}, "name": "Kim"},
            CallConfig(name="Kim"),
            ("CALL CONFIG limits.hours: there is no such field",),
        ),
        ("poet", CallConfig(), ("CALL CONFIG: has to be a JSON object",)),
        ({"opening": "x" * 17_000}, CallConfig(), ("CALL CONFIG: is larger than 16000 bytes",)),
    ],
)
def test_a_wrong_field_is_left_out(document: object, config: CallConfig, problems: tuple[str, ...]) -> None:
    """The call keeps the other fields, and the log can name each wrong one."""
    assert in_metadata(json.dumps({"call": document, "mine": 1})) == Given(config, problems)


def test_many_wrong_fields_make_a_short_log() -> None:
    """At most ten problems are reported, with shortened field names."""
    given = in_metadata(json.dumps({"call": {f"{number}{'x' * 200}": 1 for number in range(50)}}))

    assert len(given.problems) == 10
    assert max(len(problem) for problem in given.problems) < 200


def test_the_job_goes_before_the_room() -> None:
    """The job's fields take precedence one by one."""
    job = in_metadata('{"call": {"persona": "poet", "nonsense": 1}}')
    room = in_metadata('{"call": {"persona": "nova", "voice": "x", "rubbish": 1}}')

    assert job.over(room).config == CallConfig(persona="poet", voice="x")
    assert [problem.split(":")[0] for problem in job.over(room).problems] == [
        "CALL CONFIG nonsense",
        "CALL CONFIG rubbish",
    ]


def test_a_telephone_gives_its_configuration_in_attributes() -> None:
    """Values are text, tables use dotted names, and an empty attribute counts as not given."""
    given = in_attributes(
        {
            "sip.callStatus": "active",
            "call": "x",
            "call.": "x",
            "call.persona": "poet",
            "call.voice": "",
            "call.variables.customer": "Kim",
            "call.limits.call_idle_seconds": "60",
        }
    )

    assert given == Given(
        CallConfig(persona="poet", variables={"customer": "Kim"}, limits=CallLimits(call_idle_seconds=60))
    )


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"call.webhook": "https://evil.example"}, "CALL CONFIG webhook: can't be given here"),
        ({"call.tools.x": "y"}, "CALL CONFIG tools: input should be a valid tuple"),
        ({"call.limits": "x", "call.limits.call_idle_seconds": "1"}, "CALL CONFIG limits: input should be a valid"),
    ],
)
def test_a_telephone_may_set_only_what_callers_may(attributes: dict[str, str], problem: str) -> None:
    """The caller may have written the SIP header."""
    given = in_attributes({"call.persona": "poet", **attributes})

    assert given.config == CallConfig(persona="poet")
    assert given.problems[0].startswith(problem)


def test_fields_that_are_not_permitted_are_named() -> None:
    """All of them are named at once."""
    config = CallConfig(persona="poet", voice="x", opening="")
    with pytest.raises(CallConfigError) as error:
        require_permitted(config, frozenset({"persona"}))

    assert error.value.problems == {"voice": "can't be given here", "opening": "can't be given here"}
    require_permitted(config, frozenset({"persona", "voice", "opening"}))
