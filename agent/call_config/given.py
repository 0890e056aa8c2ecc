"""The configuration that a call was given, by metadata or a telephone participant's attributes, and its mistakes.

Metadata belongs to the users of LiveKit: the configuration is under one key, `call`, of a JSON object. Other metadata
is ignored. A field that can't be used is left out, and the call goes on without it. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.call_config.errors import CallConfigError
from agent.call_config.model import CallConfig, parse_config
from agent.settings.call_fields import CALLER_FIELDS

# Key in the metadata's object, and prefix of a telephone's attributes: `call.persona`, `call.variables.customer`.
KEY = "call"


@dataclass(frozen=True, slots=True)
class Given:
    """The configuration of a call, as far as it can be used.

    Attributes:
        config: The fields that can be used.
        problems: A sentence for each field that can't.
    """

    config: CallConfig = field(default_factory=CallConfig)
    problems: tuple[str, ...] = ()

    def over(self, other: "Given") -> "Given":
        """Return both; a field that is given here takes precedence over the other's."""
        return Given(self.config.over(other.config), self.problems + other.problems)

    def without(self, error: CallConfigError) -> "Given":
        """Return what is left without the fields that are wrong."""
        left = {name for name in CallConfig.model_fields if not error.concerns(name)}
        return Given(self.config.only(left), (*self.problems, *error.sentences))


def as_metadata(config: CallConfig | None) -> str:
    """Write a configuration as metadata; return an empty text if no field is given."""
    if config is None or config == CallConfig():
        return ""
    return json.dumps({KEY: config.model_dump(mode="json", exclude_none=True)})


def in_metadata(metadata: str) -> Given:
    """Read the configuration in the metadata of a job or of a room; return an empty one if there is none."""
    try:
        document = json.loads(metadata)
    except (ValueError, RecursionError):
        return Given()
    return _read(document[KEY]) if isinstance(document, dict) and KEY in document else Given()


def in_attributes(attributes: Mapping[str, str]) -> Given:
    """Read the configuration in the attributes of a telephone's participant.

    Fields that reach into the worker's own network or files are refused: the caller may set headers of the call.
    """
    document: dict[str, object] = {}
    for name, value in attributes.items():
        key, _, field_name = name.partition(".")
        if key != KEY or not field_name or not value:
            continue
        outer, _, inner = field_name.partition(".")
        table = document.setdefault(outer, {}) if inner else None
        if isinstance(table, dict):
            table[inner] = value
        else:
            document[outer] = value
    given = _read(document)
    try:
        require_permitted(given.config, CALLER_FIELDS)
    except CallConfigError as error:
        return given.without(error)
    return given


def require_permitted(config: CallConfig, fields: frozenset[str]) -> None:
    """Make sure that only these fields are given.

    Raises:
        CallConfigError: Others are given too.
    """
    others = [name for name, value in config if value is not None and name not in fields]
    if others:
        raise CallConfigError(dict.fromkeys(others, "can't be given here"))


def _read(document: object) -> Given:
    try:
        return Given(parse_config(document))
    except CallConfigError as error:
        if not isinstance(document, dict) or error.concerns(""):
            return Given(problems=tuple(error.sentences))
        rest = _read({name: value for name, value in document.items() if not error.concerns(name)})
        return Given(rest.config, (*error.sentences, *rest.problems))
