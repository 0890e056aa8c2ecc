"""Write THIRD_PARTY_NOTICES.md from the lock files and the installed packages: `python -m docs.notices`."""

import json
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from docs.marked import table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "THIRD_PARTY_NOTICES.md"
PROJECT = "liveavatar-agent"

# Facts that a package's own metadata lacks.
REMARKS = {
    "av": (
        "The package itself is BSD-3-Clause. Its wheels hold FFmpeg (LGPL-3.0-or-later) with libx264 and libx265 "
        "(GPL-2.0-or-later), and more libraries in `av.libs`. It comes with livekit-agents."
    ),
    "livekit-local-inference": (
        "The code is Apache-2.0; the models in it are under the LiveKit Model License, for use with LiveKit Agents "
        "alone. It comes with livekit-agents; `TURN_DETECTION=model` uses it."
    ),
    "espeakng-loader": (
        "It holds espeak-ng, GPL-3.0-or-later. Only a process of its own loads it; see `simulators/speech`."
    ),
    "pocketsphinx": "With an acoustic model and a dictionary under licences of their own, all like BSD.",
}

_HEAD = """\
# Third-party notices

Written by `python -m docs.notices` from `uv.lock`, `web/package-lock.json` and the metadata of the packages.
The texts of the licences are in the packages' folders: `*.dist-info` in the image's `.venv`, `web/node_modules`.
The base images have the licences of Debian, Python and Node.js; the worker's image has tini (MIT) from Debian.
"""


def notices() -> str:
    """Return the whole page."""
    worker, demo = _closure(""), _closure("demo")
    sections = {
        "The worker and the page's server": _python(worker),
        "Only for the demo and the stand-ins": _python(demo - worker),
        "In the page": _page(),
    }
    tables = (f"\n## {title}\n\n{table(('package', 'version', 'licence'), rows)}\n" for title, rows in sections.items())
    remarks = "".join(f"- **{name}**: {text}\n" for name, text in REMARKS.items())
    return f"{_HEAD}\n## To be looked at before an image is passed on\n\n{remarks}{''.join(tables)}"


def _closure(extra: str) -> set[str]:
    """Return the names of all packages that the project needs, on any platform."""
    packages = {each["name"]: each for each in _locked()}
    seen: set[tuple[str, str]] = set()
    todo = [(PROJECT, extra)]
    while todo:
        name, of = here = todo.pop()
        if here not in seen:
            seen.add(here)
            package = packages[name]
            needed = package["optional-dependencies"][of] if of else package.get("dependencies", [])
            todo += [(each["name"], extra) for each in needed for extra in ("", *each.get("extra", ()))]
    return {name for name, _ in seen} - {PROJECT}


def _python(names: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield a row for each of these packages that this platform has."""
    for name in sorted(names):
        try:
            licence = _licence(metadata(name))
        except PackageNotFoundError:
            continue
        versions = sorted(each["version"] for each in _locked() if each["name"] == name)
        yield name, ", ".join(versions), licence


def _licence(package: PackageMetadata) -> str:
    """Return the licence from the newest metadata field that the package has; an older one may hold the whole text."""
    expressions = package.get_all("License-Expression") or []
    first_lines = [each.partition("\n")[0] for each in package.get_all("License") or []]
    classifiers = package.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]
    return next(filter(None, [*expressions, *first_lines, "; ".join(named)]), "see above")


def _page() -> Iterator[tuple[str, str, str]]:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    for path, package in sorted(lock["packages"].items()):
        if path and not package.get("dev"):
            yield path.removeprefix("node_modules/"), package["version"], package["license"]


@cache
def _locked() -> Any:
    return tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]


if __name__ == "__main__":
    PAGE.write_text(notices(), "utf-8")
