"""Write the files that are generated from the Helm chart: `python -m docs.chart`.

These are the plain manifests in deploy/kubernetes and the table of values in the chart's README.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from demo.go_program import BuildError, find_or_build
from demo.helm_build import HELM
from docs.marked import filled, table

DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = DEPLOY / "helm" / "liveavatar-agent"
EXAMPLE = DEPLOY / "helm" / "example.values.yaml"
PAGE = CHART / "README.md"
MANIFESTS = DEPLOY / "kubernetes" / "liveavatar-agent.yaml"

# The newest Kubernetes version for which the manifests are checked; Helm does not ask a cluster.
_KUBERNETES = "1.37.0"

_HEAD = "# Written by `make manifests` from the Helm chart and deploy/helm/example.values.yaml.\n"


class RenderError(Exception):
    """Helm's refusal of the values or the chart; the text is Helm's."""


def render(helm: Path, *arguments: str) -> str:
    """Return the manifests of the chart as the release `liveavatar-agent`.

    Args:
        helm: The program.
        arguments: Further arguments of `helm template`, such as `--set` or `-f`.

    Raises:
        RenderError: Helm refuses the values.
    """
    command = [str(helm), "template", "liveavatar-agent", str(CHART), "--kube-version", _KUBERNETES, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line
    if done.returncode:
        raise RenderError(done.stderr)
    return done.stdout


def manifests(helm: Path) -> str:
    """Return the plain manifests."""
    return _HEAD + render(helm, "-f", str(EXAMPLE))


def page_with_values(page: str) -> str:
    """Return the chart's README with the table of values as the schema describes them."""
    return filled(page, {"values": _values})


def described(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values that the schema describes: path, such as `image.tag`, and description."""
    for name, each in schema.get("properties", {}).items():
        if "description" in each:
            yield f"{prefix}{name}", each["description"]
        yield from described(each, f"{prefix}{name}.")


def _values() -> str:
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    rows = ((f"`{path}`", _default(values, path), text) for path, text in described(schema))
    return table(("value", "default", "what it is"), rows)


def _default(values: Any, path: str) -> str:
    for name in path.split("."):
        values = values.get(name)
        if values is None:
            return ""
    return f"`{json.dumps(values)}`"


def _main() -> None:
    try:
        helm = asyncio.run(find_or_build(HELM, Console(stderr=True)))
        MANIFESTS.write_text(manifests(helm), "utf-8")
    except (BuildError, RenderError) as error:
        sys.exit(str(error))
    PAGE.write_text(page_with_values(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    _main()
