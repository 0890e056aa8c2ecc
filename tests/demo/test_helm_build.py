"""Helm, as `make manifests` and the chart's tests find it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from demo.helm_build import HELM

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_helm_on_path_is_run_with_the_arguments(tmp_path: Path) -> None:
    """Nothing is built if there is one on PATH."""
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\necho "$@"\n')
    helm.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-m", "demo.helm_build", "lint", "--strict"],
        env={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "lint --strict\n"


def test_a_built_helm_has_its_version_in_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version is another file, so an old one is never used by mistake."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert HELM.cached() == tmp_path / "liveavatar-agent" / "helm-v3.22.0"
