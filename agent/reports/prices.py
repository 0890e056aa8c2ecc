"""The costs of the vendors' services, from a file of prices."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.reports.report import Cost, Usage
from agent.settings import SettingsError

DEFAULT_PRICES = Path(__file__).parent / "prices.toml"

# By unit of a price: the amount that it counts, and how much of that is one unit.
UNITS: dict[str, tuple[str, float]] = {
    "audio_minute": ("seconds", 60.0),
    "session_minute": ("seconds", 60.0),
    "million_input_tokens": ("input_tokens", 1e6),
    "million_cached_tokens": ("cached_tokens", 1e6),
    "million_output_tokens": ("output_tokens", 1e6),
    "thousand_characters": ("characters", 1e3),
}

_DIGITS = 6


class Price(BaseModel):
    """The prices of one vendor's models whose names begin with `model`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str
    model: str = ""
    audio_minute: float | None = Field(default=None, ge=0)
    session_minute: float | None = Field(default=None, ge=0)
    million_input_tokens: float | None = Field(default=None, ge=0)
    million_cached_tokens: float | None = Field(default=None, ge=0)
    million_output_tokens: float | None = Field(default=None, ge=0)
    thousand_characters: float | None = Field(default=None, ge=0)

    def of(self, amounts: dict[str, float]) -> float:
        """Return the cost of the amounts."""
        rates: dict[str, float | None] = self.model_dump(include=set(UNITS))
        return sum(amounts.get(UNITS[unit][0], 0.0) / UNITS[unit][1] * (rate or 0.0) for unit, rate in rates.items())


class Prices(BaseModel):
    """A file of prices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = "USD"
    price: tuple[Price, ...] = ()

    def cost(self, use: Usage) -> float | None:
        """Return the cost of a use; None if the file has no price for it."""
        fitting = [each for each in self.price if each.vendor == use.vendor and use.model.startswith(each.model)]
        if not fitting:
            return None
        return round(max(fitting, key=lambda each: len(each.model)).of(use.amounts), _DIGITS)

    def sum(self, usage: tuple[Usage, ...]) -> Cost:
        """Return the sum of the known costs."""
        total = sum(use.cost for use in usage if use.cost is not None)
        unpriced = tuple(f"{use.vendor} {use.model}".strip() for use in usage if use.cost is None)
        return Cost(currency=self.currency, total=round(total, _DIGITS), unpriced=unpriced)


def load_prices(path: Path = DEFAULT_PRICES) -> Prices:
    """Read a file of prices.

    Raises:
        SettingsError: It can't be read, or has missing, wrong or unknown fields.
    """
    try:
        return Prices.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError([f"PRICES: {path} can't be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"PRICES: {path} is not a TOML file: {error}"]) from None
    except ValidationError as error:
        problems = [f"PRICES: {path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SettingsError(problems) from None
