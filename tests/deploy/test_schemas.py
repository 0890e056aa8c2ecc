"""Compose and Kubernetes files against their official schemas, which two packages contain."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import kubernetes_validate
import pytest
import yaml

from tests.deploy.chart import EVERYTHING, plain, rendered
from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Kinds that are not part of Kubernetes itself: KEDA and the Prometheus Operator have schemas of their own.
FOREIGN = {"ScaledObject", "ServiceMonitor", "PrometheusRule"}


def test_compose_file_fits_the_compose_specification() -> None:
    """Every key of compose.yaml is one that Compose knows, with a value of its type."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(  # noqa: S603 - a program of the environment's own
        [*command, str(ROOT / "deploy/compose.yaml")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_plain_manifests_fit_the_kubernetes_api(version: str) -> None:
    """An old and a new Kubernetes know every field (strict: an unknown one is an error)."""
    objects = plain()

    assert len(objects.all) == 11
    for manifest in objects.all:
        assert kubernetes_validate.validate(manifest, version, strict=True) == version


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_all_that_the_chart_can_render_fits_the_kubernetes_api(helm: Path, version: str) -> None:
    """Objects that the example leaves out are included."""
    objects = [each for each in rendered(helm, *EVERYTHING).all if each["kind"] not in FOREIGN]

    assert len(objects) == 12
    for manifest in objects:
        assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_the_secret_template_is_empty() -> None:
    """No value is committed, not even one that looks harmless."""
    secret = yaml.safe_load((ROOT / "deploy/secret.example.yaml").read_text())

    assert set(secret["stringData"].values()) == {""}
