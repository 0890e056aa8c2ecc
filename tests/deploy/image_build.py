"""Runs a Dockerfile's stages in a directory, without an engine: FROM, WORKDIR, ENV, COPY and RUN."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from tests.deploy.dockerfile import Instruction, Stage

# Variables of the Dockerfile that are not set here, and why.
NOT_SET = {
    "HOME": "uv finds its cache and this machine's settings there",
    "UV_CACHE_DIR": "it is the mount of a cache that only an engine keeps; here uv takes this machine's",
}

# The stage that installs tini from Debian, which only root can do, and for the whole machine. It is the only step left
# out here; a script that runs its command replaces tini.
INIT = "init"

# Patterns that .dockerignore excludes from the folders that it lets in.
STAYS_OUT = shutil.ignore_patterns("__pycache__", "dist", "node_modules")

# The owner of files made by `install`. Only root can change it, so here it is the user that runs the tests.
OWNER = re.compile(r"(?<= -o )\d+ -g \d+")


class ImageBuild:
    """The stages' file systems, each in a sub-directory of its own.

    Args:
        stages: The stages, as `read_stages` returns them.
        directory: An empty directory on one file system: stages share files by hard links.
        python: The interpreter that replaces the base image's.
        tools: The directory of the `node` and the `npm` that replace those of Node's image.
    """

    def __init__(self, stages: dict[str, Stage], directory: Path, python: Path, tools: Path) -> None:
        self._stages = stages
        self._directory = directory
        self._python = python
        self._path = os.pathsep.join([str(tools), str(Path(find_uv_bin()).parent), os.environ["PATH"]])

    def workdir(self, name: str) -> Path:
        """Return the directory in which a container of the stage starts."""
        texts = [instruction.text for stage in self._lineage(name) for instruction in stage.all("WORKDIR")]
        return self._inside(name, texts[-1])

    def make(self, name: str) -> None:
        """Run a stage, and first the stages it is made from.

        Raises:
            AssertionError: A RUN step failed; the text has the command and its output.
        """
        stage = self._stages[name]
        if self._inside(name).exists():
            return
        if stage.base in self._stages:
            self.make(stage.base)
            _share(self._inside(stage.base), self._inside(name))
        for instruction in stage.instructions:
            self._carry_out(name, instruction)

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as a container of the stage would: its directory, its variables, no standard input."""
        return subprocess.run(  # noqa: S603 - the Dockerfile's own commands
            command,
            cwd=self.workdir(name),
            env=self._environment(name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _carry_out(self, name: str, instruction: Instruction) -> None:
        match instruction.keyword:
            case "WORKDIR":
                self._inside(name, instruction.text).mkdir(parents=True)
            case "COPY":
                self._copy(name, instruction)
            case "RUN":
                command = OWNER.sub(f"{os.getuid()} -g {os.getgid()}", instruction.text)
                done = self.run(name, ["/bin/sh", "-c", command])
                assert done.returncode == 0, f"{instruction.text}\n{done.stdout}{done.stderr}"

    def _copy(self, name: str, instruction: Instruction) -> None:
        *sources, target = instruction.words
        into = self.workdir(name) / target if not target.startswith("/") else self._inside(name, target)
        for source in sources:
            if instruction.source_image is None:
                _copy_from_context(ROOT / source, into)
            elif instruction.source_image == INIT:
                into.parent.mkdir(parents=True, exist_ok=True)
                into.write_text('#!/bin/sh\nshift\nexec "$@"\n')
                into.chmod(0o755)
            elif instruction.source_image in self._stages:
                self.make(instruction.source_image)
                _share(self._inside(instruction.source_image, source), into)
            else:
                assert source == "/uv", "uv comes from its package here; nothing else of another image does"

    def _environment(self, name: str) -> dict[str, str]:
        environment = os.environ | {"UV_PYTHON": str(self._python), "PATH": self._path}
        environment.pop("VIRTUAL_ENV", None)
        words = [word for stage in self._lineage(name) for each in stage.all("ENV") for word in each.words]
        for variable, _, value in (word.partition("=") for word in words):
            if variable not in NOT_SET:
                inside = re.sub("(^|:)/", rf"\1{self._inside(name)}/", value)
                environment[variable] = inside.replace("$PATH", environment["PATH"])
        return environment

    def _lineage(self, name: str) -> list[Stage]:
        stage = self._stages[name]
        return [*(self._lineage(stage.base) if stage.base in self._stages else []), stage]

    def _inside(self, name: str, path: str = "/") -> Path:
        return self._directory / name / path.lstrip("/")


def _share(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def _copy_from_context(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=STAYS_OUT, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
