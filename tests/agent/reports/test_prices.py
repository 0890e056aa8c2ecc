"""The cost of usage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.reports.prices import DEFAULT_PRICES, Prices, load_prices
from agent.reports.report import Usage
from agent.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
currency = "EUR"
[[price]]
vendor = "openai"
million_input_tokens = 1.0
[[price]]
vendor = "openai"
model = "gpt-4.1"
million_input_tokens = 2.0
million_output_tokens = 4.0
"""


def use(vendor: str, model: str, **amounts: float) -> Usage:
    """Make a use whose cost is not known yet."""
    return Usage(kind="llm", vendor=vendor, model=model, amounts=amounts, cost=None)


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    """Read the prices of the file above."""
    path = tmp_path / "prices.toml"
    path.write_text(FILE)
    return load_prices(path)


@pytest.mark.parametrize(("model", "cost"), [("gpt-4.1-mini", 2.0 * 0.5 + 4.0 * 0.25), ("gpt-4.1", 2.0), ("o9", 0.5)])
def test_the_longest_matching_name_has_the_price(prices: Prices, model: str, cost: float) -> None:
    """A model without its own entry has the vendor's."""
    assert prices.cost(use("openai", model, input_tokens=500_000, output_tokens=250_000)) == cost


def test_a_use_without_a_price_has_no_cost(prices: Prices) -> None:
    """It is named, and the sum counts only the others."""
    priced = use("openai", "gpt-4.1", input_tokens=1_000_000)
    usage = (priced.model_copy(update={"cost": prices.cost(priced)}), use("another", "m", characters=3))
    cost = prices.sum(usage)

    assert prices.cost(usage[1]) is None
    assert (cost.currency, cost.total, cost.unpriced) == ("EUR", 2.0, ("another m",))


def test_the_default_prices_can_be_used() -> None:
    """Each is applied to one minute or a million tokens."""
    prices = load_prices(DEFAULT_PRICES)

    assert prices.cost(use("liveavatar", "lite", seconds=60.0)) == 0.10
    assert prices.cost(use("deepgram", "nova-3", seconds=60.0)) == 0.0048
    assert prices.cost(use("openai", "gpt-4.1-mini", input_tokens=1e6, cached_tokens=1e6, output_tokens=1e6)) == 2.1
    assert prices.cost(use("elevenlabs", "eleven_flash_v2_5", characters=1000)) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [("[[price]]\nvendor = 1", "price.0.vendor"), ("x = 1", "x: Extra"), ("[", "not a TOML"), (None, "can't be read")],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str | None, named: str) -> None:
    """The error names the field when the worker starts."""
    path = tmp_path / "prices.toml"
    if text is not None:
        path.write_text(text)

    with pytest.raises(SettingsError, match=named):
        load_prices(path)
