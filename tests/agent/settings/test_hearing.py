"""The options of speech-to-text in the form that each model accepts."""

from __future__ import annotations

import pytest

from agent.settings.hearing import HearingOptions

OPTIONS = HearingOptions(key_terms=("Nova", "LiveAvatar"), numerals=True, redact=("pci", "ssn"), endpointing_ms=300)


@pytest.mark.parametrize(
    ("model", "terms"),
    [
        ("nova-3", {"keyterm": ["Nova", "LiveAvatar"]}),
        ("nova-3-medical", {"keyterm": ["Nova", "LiveAvatar"]}),
        ("nova-2", {"keywords": [("Nova", 1.0), ("LiveAvatar", 1.0)]}),
    ],
)
def test_key_terms_are_keywords_for_older_models(model: str, terms: dict[str, object]) -> None:
    """The other options are the same for all models."""
    assert OPTIONS.of_plugin(model) == terms | {
        "numerals": True,
        "profanity_filter": False,
        "redact": ["pci", "ssn"],
        "endpointing_ms": 300,
    }


def test_options_that_are_not_set_are_left_to_the_plugin() -> None:
    """The plugin's defaults suit conversations."""
    assert HearingOptions().of_plugin("nova-3") == {"numerals": False, "profanity_filter": False}


def test_the_doctor_asks_with_the_same_options() -> None:
    """They are written into the query as the plugin writes them."""
    assert OPTIONS.of_query("nova-3") == [
        ("numerals", "true"),
        ("keyterm", "Nova"),
        ("keyterm", "LiveAvatar"),
        ("redact", "pci"),
        ("redact", "ssn"),
    ]


def test_options_that_flux_does_not_support_are_named() -> None:
    """Flux detects the end of a turn itself, and redacts only numbers."""
    options = HearingOptions(endpointing_ms=100, redact=("pci",))

    assert [problem.partition(":")[0] for problem in options.problems("flux-general-en", "en")] == [
        "hearing.endpointing_ms",
        "hearing.redact",
    ]
    assert HearingOptions(redact=("numbers",)).problems("flux-general-en", "en-GB") == []
    assert "flux-general-multi works" in HearingOptions().problems("flux-general-en", "de")[0]


def test_unsupported_options_are_refused_with_an_alternative() -> None:
    """Such are phrases for models that only know single words, and languages that can't be told apart."""
    phrase = HearingOptions(key_terms=("Live Avatar",))

    assert phrase.problems("nova-3", "en") == []
    assert phrase.problems("nova-2", "en") == [
        "hearing.key_terms: nova-2 takes single words, not 'Live Avatar'; nova-3 takes phrases"
    ]
    assert HearingOptions().problems("nova-3", "en", ["es"]) == [
        'languages: several are recognised only with language = "multi"; it is en'
    ]
    assert HearingOptions().problems("nova-3", "multi", ["es"]) == []
