"""The table of models: what it knows, what it refuses, and what it leaves to the vendor."""

from __future__ import annotations

import pytest

from agent.settings.deepgram_models import MODELS, MULTI, doubted, unheard


@pytest.mark.parametrize(
    ("model", "language", "others"),
    [
        ("nova-3", "vi", ()),
        ("nova-3", "pt-BR", ()),
        ("nova-3", MULTI, ("vi", "es", "en-US")),
        ("nova-2", MULTI, ("es",)),
        ("nova-2-medical", "en-GB", ()),
        # The table says nothing about models and languages that no source has.
        ("nova-4", "ar", ()),
        ("nova-3", "tlh", ()),
        ("nova-3", MULTI, ("tlh",)),
    ],
)
def test_documented_or_unknown_languages_are_not_refused(model: str, language: str, others: tuple[str, ...]) -> None:
    """Deepgram adds languages faster than any table."""
    assert unheard(model, language, others) == []


@pytest.mark.parametrize(
    ("model", "language", "others", "problem"),
    [
        ("nova-2", "ar", (), 'language: nova-2 does not hear ar; language = "ar" with DEEPGRAM_MODEL=nova-3 works'),
        (
            "nova-2-medical",
            "de",
            (),
            'language: nova-2-medical does not hear de; language = "de" with DEEPGRAM_MODEL=nova-3 or nova-2 or ',
        ),
        (
            "nova-2-medical",
            MULTI,
            (),
            "language: nova-2-medical hears one language at a time, not multi; DEEPGRAM_MODEL=nova-3 or nova-2 or ",
        ),
        (
            "nova-2",
            MULTI,
            ("es", "vi"),
            "languages.vi: nova-2 does not hear vi with multi; DEEPGRAM_MODEL=nova-3 does",
        ),
        (
            "nova-3",
            MULTI,
            ("ur",),
            'languages.ur: nova-3 does not hear ur with multi; language = "ur" with DEEPGRAM_MODEL=nova-3 works',
        ),
    ],
)
def test_a_language_that_is_documented_as_missing_is_refused(
    model: str, language: str, others: tuple[str, ...], problem: str
) -> None:
    """The problem says what would work instead."""
    [said] = unheard(model, language, others)

    assert said.startswith(problem)


def test_an_unknown_model_or_language_is_doubted() -> None:
    """A region of a known language is not doubted."""
    assert doubted("nova-4", "en")
    assert doubted("nova-3", "tlh")
    assert not doubted("nova-3", "de-AT")
    assert not doubted("nova-3", MULTI)


def test_every_code_is_a_language_without_a_region() -> None:
    """This is the form in which languages are compared."""
    codes = {code for heard in MODELS.values() for code in heard.alone | heard.mixed}

    assert [code for code in codes if not (code.isalpha() and code.islower() and len(code) in {2, 3})] == []
