"""A parser of a Dockerfile's stages and instructions."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its lines joined; leading `--flag=value` words are kept apart from the text."""

    keyword: str
    flags: tuple[str, ...]
    text: str

    @property
    def is_exec_form(self) -> bool:
        """True if the command runs without a shell; a shell would not pass SIGTERM on."""
        return self.text.startswith("[")

    @property
    def words(self) -> list[str]:
        """The words of the exec form, which is JSON, or of the shell form."""
        if self.is_exec_form:
            words: list[str] = json.loads(self.text)
            return words
        return shlex.split(self.text)

    @property
    def source_image(self) -> str | None:
        """The stage or image a COPY takes its files from; None is the build context."""
        return next((flag.removeprefix("--from=") for flag in self.flags if flag.startswith("--from=")), None)


@dataclass(slots=True)
class Stage:
    """One FROM and its instructions."""

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, keyword: str) -> list[Instruction]:
        """Return every instruction of one kind, in order."""
        return [each for each in self.instructions if each.keyword == keyword]

    def last(self, keyword: str) -> Instruction:
        """Return the effective one of several CMD, USER and the like; IndexError without any."""
        return self.all(keyword)[-1]


def read_stages(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    """Return the stages by name, in the order of the file. Every FROM must name its stage."""
    stages: dict[str, Stage] = {}
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction = _instruction(line)
        if instruction.keyword == "FROM":
            base, _as, name = instruction.words
            stages[name] = Stage(name, base)
        else:
            stages[next(reversed(stages))].instructions.append(instruction)
    return stages


def _instruction(line: str) -> Instruction:
    keyword, rest = line.split(maxsplit=1)
    if keyword == "HEALTHCHECK":
        options, _, rest = rest.partition("CMD ")
        return Instruction(keyword, tuple(options.split()), rest)
    flags = tuple(takewhile(lambda word: word.startswith("--"), rest.split()))
    for flag in flags:
        rest = rest.removeprefix(flag).lstrip()
    return Instruction(keyword, flags, rest)
