"""Counts since the test began, as metrics belong to the process and other tests count as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from agent.metrics.catalogue import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def counted() -> Callable[..., float]:
    """Return how much a sample has grown since the test began, by its name without the prefix and its labels."""
    before = _samples()

    def grown(name: str, **labels: str) -> float:
        key = (PREFIX + name, tuple(sorted(labels.items())))
        return _samples().get(key, 0.0) - before.get(key, 0.0)

    return grown


def _samples() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }
