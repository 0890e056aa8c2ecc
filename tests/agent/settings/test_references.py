"""Values of a persona file that refer to environment variables."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.settings.references import Referring, dereferenced


def test_a_variable_stands_for_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have braces; the text itself keeps the reference, so that no dump shows the secret."""
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    text = TypeAdapter(Referring).validate_python("Bearer $SHOP_TOKEN, ${SHOP_TOKEN}5 for 5 $")

    assert text == "Bearer $SHOP_TOKEN, ${SHOP_TOKEN}5 for 5 $"
    assert dereferenced(text) == "Bearer s3cret, s3cret5 for 5 $"


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_missing_or_empty_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """The error comes when the file is read."""
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_TOKEN", value)
    with pytest.raises(ValidationError, match=r"the environment has no SHOP_TOKEN: set it there or in \.env"):
        TypeAdapter(Referring).validate_python("Bearer ${SHOP_TOKEN}")
