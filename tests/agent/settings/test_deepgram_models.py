"""What the table of models knows, refuses and leaves to the vendor."""

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
        # Of a model or a language that is in no source the table says nothing.
        ("nova-4", "ar", ()),
        ("nova-3", "tlh", ()),
        ("nova-3", MULTI, ("tlh",)),
    ],
)
def test_what_is_documented_or_unknown_is_not_refused(model: str, language: str, others: tuple[str, ...]) -> None:
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
def test_what_is_documented_not_to_be_heard_is_refused(
    model: str, language: str, others: tuple[str, ...], problem: str
) -> None:
    """With what would work in its place."""
    [said] = unheard(model, language, others)

    assert said.startswith(problem)


def test_only_the_vendor_can_tell_of_the_rest() -> None:
    """A model or a language that is in no source; not a region of a language that is."""
    assert doubted("nova-4", "en")
    assert doubted("nova-3", "tlh")
    assert not doubted("nova-3", "de-AT")
    assert not doubted("nova-3", MULTI)


def test_every_code_is_a_language_without_a_region() -> None:
    """As they are compared."""
    codes = {code for heard in MODELS.values() for code in heard.alone | heard.mixed}

    assert [code for code in codes if not (code.isalpha() and code.islower() and len(code) in {2, 3})] == []
