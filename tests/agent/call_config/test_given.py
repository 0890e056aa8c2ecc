"""What a call was given in metadata and by telephone."""

import json

import pytest

from agent.call_config import CallConfig, CallConfigError, CallLimits
from agent.call_config.given import Given, as_metadata, in_attributes, in_metadata, require_permitted


def test_what_is_written_as_metadata_is_read_again() -> None:
    """Each field, and nothing where nothing is given."""
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
    """People keep there what they like."""
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
    """The call has the others, and the log can name each wrong one."""
    assert in_metadata(json.dumps({"call": document, "mine": 1})) == Given(config, problems)


def test_many_wrong_fields_are_no_long_log() -> None:
    """The first ten are told, by the beginnings of their names."""
    given = in_metadata(json.dumps({"call": {f"{number}{'x' * 200}": 1 for number in range(50)}}))

    assert len(given.problems) == 10
    assert max(len(problem) for problem in given.problems) < 200


def test_the_job_goes_before_the_room() -> None:
    """Field by field."""
    job = in_metadata('{"call": {"persona": "poet", "nonsense": 1}}')
    room = in_metadata('{"call": {"persona": "nova", "voice": "x", "rubbish": 1}}')

    assert job.over(room).config == CallConfig(persona="poet", voice="x")
    assert [problem.split(":")[0] for problem in job.over(room).problems] == [
        "CALL CONFIG nonsense",
        "CALL CONFIG rubbish",
    ]


def test_a_telephone_has_attributes() -> None:
    """Headers are text; a table has its own names, and a header that was not sent is empty."""
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
def test_a_telephone_gives_no_more_than_callers_may(attributes: dict[str, str], problem: str) -> None:
    """A header may be the caller's own."""
    given = in_attributes({"call.persona": "poet", **attributes})

    assert given.config == CallConfig(persona="poet")
    assert given.problems[0].startswith(problem)


def test_what_is_not_permitted_is_named() -> None:
    """All of it at once."""
    config = CallConfig(persona="poet", voice="x", opening="")
    with pytest.raises(CallConfigError) as error:
        require_permitted(config, frozenset({"persona"}))

    assert error.value.problems == {"voice": "can't be given here", "opening": "can't be given here"}
    require_permitted(config, frozenset({"persona", "voice", "opening"}))
