"""The documented languages of Deepgram's models.

Sources, read in November 2026: developers.deepgram.com/docs/nova-3-language-prompting (nova-3 with `multi`), the
changelogs of nova-3 from August 2025 to September 2026 and of nova-2 of 14 May 2024, docs/flux/flux-nova-3-comparison,
and LiveKit's Deepgram plugin 1.8.9 (models of nova-2 for English only).

Deepgram adds languages to nova-3 every few weeks, so a code that is in none of these sources is not an error: it
is doubted, and `python agent.py doctor` asks the vendor.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Deepgram's name for several languages in one stream, which it tells apart.
MULTI = "multi"


@dataclass(frozen=True, slots=True)
class Heard:
    """The languages of a model.

    Attributes:
        alone: Languages that it recognises one at a time.
        mixed: Languages that it tells apart in one stream; empty if it takes only one at a time.
    """

    alone: frozenset[str]
    mixed: frozenset[str] = frozenset()


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _codes("en")
_TEN = _codes("de en es fr hi it ja nl pt ru")
_NOVA_3_MIXED = _codes(
    "af ar be bg bn bs ca cs da de el en es et fa fi fr gl gu he hi hr hu id it ja kn ko lt lv mk mr ms nl no pl pt ro"
    " ru sk sl sr sv ta te th tl tr uk vi xh zh zu"
)
_NOVA_3_ALONE = (_NOVA_3_MIXED - _codes("gl xh zu")) | _codes("hy ka kk ne pa ur")
_NOVA_2 = _codes("bg ca cs da de el en es et fi fr hi hu id it ja ko lt lv ms nl no pl pt ro ru sk sv th tr uk vi zh")
_DOMAINS = "meeting phonecall finance conversationalai voicemail video medical drivethru automotive atc"

# By full model name.
MODELS: dict[str, Heard] = {
    **dict.fromkeys(("nova-3", "nova-3-general"), Heard(_NOVA_3_ALONE, _NOVA_3_MIXED)),
    **dict.fromkeys(("nova-2", "nova-2-general"), Heard(_NOVA_2, _codes("en es"))),
    **{f"nova-2-{domain}": Heard(_ENGLISH) for domain in _DOMAINS.split()},
    "flux-general-en": Heard(_ENGLISH),
    "flux-general-multi": Heard(_TEN, _TEN),
}

_KNOWN = frozenset().union(*(heard.alone | heard.mixed for heard in MODELS.values()))


def is_flux(model: str) -> bool:
    """Return whether a model is a Flux model: it uses `/v2/listen`, and finds the end of a turn itself."""
    return model.startswith("flux-")


def base_of(language: str) -> str:
    """Return the language of a code without its region or script: `pt-BR` is `pt`."""
    return language.replace("_", "-").split("-", maxsplit=1)[0].lower()


def unheard(model: str, language: str, others: Iterable[str] = ()) -> list[str]:
    """List the languages that a model is documented not to support, each with an alternative.

    Args:
        model: Deepgram's name.
        language: The wanted language: a code, or `multi`.
        others: Codes of the languages to tell apart with `multi`.
    """
    heard = MODELS.get(model)
    if heard is None:
        return []
    if language != MULTI:
        is_missing = base_of(language) in _KNOWN - heard.alone
        return [f"language: {model} does not hear {language}; {_instead(language)}"] if is_missing else []
    if not heard.mixed:
        return [f"language: {model} hears one language at a time, not multi; {_instead(MULTI)}"]
    return [
        f"languages.{code}: {model} does not hear {code} with multi; {_instead_mixed(code)}"
        for code in others
        if base_of(code) in _KNOWN - heard.mixed
    ]


def doubted(model: str, language: str) -> bool:
    """Return whether nothing is documented about this model and language, so that only Deepgram can tell."""
    heard = MODELS.get(model)
    return heard is None or (language != MULTI and base_of(language) not in heard.alone)


def _instead(language: str) -> str:
    """Name the models, and the setting, that support a language."""
    if language == MULTI:
        return f"DEEPGRAM_MODEL={_names(model for model, heard in MODELS.items() if heard.mixed)} does"
    alone = _names(model for model, heard in MODELS.items() if base_of(language) in heard.alone)
    return f'language = "{language}" with DEEPGRAM_MODEL={alone} works'


def _instead_mixed(language: str) -> str:
    """Name the models, and the setting, that support a language among others."""
    mixed = [model for model, heard in MODELS.items() if base_of(language) in heard.mixed]
    return f"DEEPGRAM_MODEL={_names(mixed)} does" if mixed else _instead(language)


def _names(models: Iterable[str]) -> str:
    return " or ".join(model for model in models if not model.endswith("-general"))
