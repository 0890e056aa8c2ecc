"""The demo brain's script: the format of `script.toml`, which is read once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NotRequired, TypedDict, cast

Action = Literal["answer", "call", "again", "go on", "repeat"]


class _RuleTable(TypedDict):
    name: str
    hear: str
    say: list[str]
    call: NotRequired[str]
    action: NotRequired[Action]
    say_without: NotRequired[str]


class _SlotTable(TypedDict):
    words: list[str]
    default: str


class _ScriptTable(TypedDict):
    opening: str
    fallback: list[str]
    slots: dict[str, _SlotTable]
    rules: list[_RuleTable]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the script; `script.toml` explains the fields."""

    name: str
    hear: re.Pattern[str]
    say: tuple[str, ...]
    action: Action
    tool: str = ""
    say_without: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A tool's argument: its possible words, and its default if none of them was said."""

    words: re.Pattern[str]
    default: str


@dataclass(frozen=True, slots=True)
class Script:
    """The whole script."""

    opening: str
    fallback: tuple[str, ...]
    slots: dict[str, Slot]
    rules: tuple[Rule, ...]

    def rule_for(self, said: str) -> Rule | None:
        """Return the first rule that matches these words."""
        return next((rule for rule in self.rules if rule.hear.search(said)), None)

    def rule_calling(self, tool: str) -> Rule | None:
        """Return the rule that calls a tool of this name."""
        return next((rule for rule in self.rules if rule.tool == tool), None)


@cache
def load_script() -> Script:
    """Read `script.toml`."""
    table = cast("_ScriptTable", tomllib.loads(files(__package__).joinpath("script.toml").read_text("utf-8")))
    return Script(
        opening=table["opening"],
        fallback=tuple(table["fallback"]),
        slots={name: _slot(slot) for name, slot in table["slots"].items()},
        rules=tuple(_rule(rule) for rule in table["rules"]),
    )


def _slot(table: _SlotTable) -> Slot:
    return Slot(re.compile(rf"\b({'|'.join(table['words'])})\b"), table["default"])


def _rule(table: _RuleTable) -> Rule:
    tool = table.get("call", "")
    return Rule(
        name=table["name"],
        hear=re.compile(table["hear"]),
        say=tuple(table["say"]),
        action=table.get("action", "call" if tool else "answer"),
        tool=tool,
        say_without=table.get("say_without", ""),
    )
