"""The chart's objects, found by kind and the end of their name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from docs.chart import EXAMPLE, MANIFESTS, render

if TYPE_CHECKING:
    from pathlib import Path

# All features that can be switched on.
EVERYTHING = (
    *("--set", "metrics.operator=true,state.url.secretName=fleet,image.pullSecrets={registry}"),
    *("--set", "autoscaling.kind=keda,autoscaling.prometheus=http://prometheus:9090"),
    *("--set", r"personas.mia\.toml=name = 'Mia',worker.maxCalls=20,worker.priorityClassName=calls"),
    *("--set-json", 'networkPolicy.extraEgress=[{"ports":[{"protocol":"TCP","port":4318}]}]'),
    *("--set-json", 'worker.tolerations=[{"operator":"Exists"}]'),
)


class Objects:
    """Parsed manifests.

    Args:
        text: The manifests, as Helm writes them.
    """

    def __init__(self, text: str) -> None:
        self.all: list[Any] = list(yaml.safe_load_all(text))

    def kinds(self) -> list[str]:
        """Return the kinds of the objects, sorted."""
        return sorted(each["kind"] for each in self.all)

    def one(self, kind: str, name: str = "") -> Any:
        """Return the only object of a kind whose name ends like this; ValueError if there is none or several."""
        (found,) = [each for each in self.all if each["kind"] == kind and each["metadata"]["name"].endswith(name)]
        return found

    def pod(self, name: str) -> Any:
        """Return the spec of the pods of a Deployment."""
        return self.one("Deployment", name)["spec"]["template"]["spec"]

    def container(self, name: str) -> Any:
        """Return the only container of a Deployment's pods."""
        (container,) = self.pod(name)["containers"]
        return container


def plain() -> Objects:
    """Return the plain manifests of the repository."""
    return Objects(MANIFESTS.read_text("utf-8"))


def rendered(helm: Path, *arguments: str) -> Objects:
    """Return the chart with the example's values and these arguments."""
    return Objects(render(helm, "-f", str(EXAMPLE), *arguments))
