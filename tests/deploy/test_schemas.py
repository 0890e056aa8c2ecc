"""Compose and Kubernetes files against the schemas of their makers, which two packages carry."""

from __future__ import annotations

import subprocess
import sys

import kubernetes_validate
import pytest
import yaml

from tests.deploy.dockerfile import ROOT

KUBERNETES = ROOT / "deploy/kubernetes"
OBJECTS = sorted(path.name for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
PAGE = ["page/deployment.yaml", "page/ingress.yaml", "page/service.yaml"]


def test_compose_file_fits_the_compose_specification() -> None:
    """Every key of compose.yaml is one that Compose knows, with a value of its type."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(  # noqa: S603 - a program of the environment's own
        [*command, str(ROOT / "deploy/compose.yaml")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("version", ["1.30", "1.37"])
@pytest.mark.parametrize("name", [*OBJECTS, *PAGE])
def test_object_fits_the_kubernetes_api(name: str, version: str) -> None:
    """An old and a new Kubernetes know every field (strict: an unknown one is an error)."""
    for manifest in yaml.safe_load_all((KUBERNETES / name).read_text()):
        assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_kustomization_lists_every_object_but_the_secret() -> None:
    """An object that is not listed would silently not be applied; the secret's template must not be."""
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())

    assert sorted(kustomization["resources"]) == [name for name in OBJECTS if name != "secret.example.yaml"]


def test_the_page_lists_its_objects() -> None:
    """All manifests in the page's folder are applied."""
    component = yaml.safe_load((KUBERNETES / "page/kustomization.yaml").read_text())
    files = {path.name for path in (KUBERNETES / "page").glob("*.yaml")}

    assert component["kind"] == "Component"
    assert {*component["resources"], "kustomization.yaml"} == files


def test_the_secret_template_is_empty() -> None:
    """No value is committed, not even one that looks harmless."""
    secret = yaml.safe_load((KUBERNETES / "secret.example.yaml").read_text())

    assert set(secret["stringData"].values()) == {""}
