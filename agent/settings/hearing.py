"""Options of speech-to-text: the `[hearing]` table of a persona file."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.settings.deepgram_models import MULTI, is_flux, unheard

# The values of `redact` that Flux takes (LiveKit's Deepgram plugin 1.8.9, `FluxRedaction`).
_REDACTED_BY_FLUX = ("numbers", "aggressive_numbers")

# Deepgram takes key terms with these models, and keywords with older ones (developers.deepgram.com/docs/keyterm).
_WITH_KEY_TERMS = ("nova-3", "flux")

_Term = Annotated[str, Field(min_length=1, max_length=100)]
_Kind = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class HearingOptions(BaseModel):
    """Options of Deepgram's speech-to-text; FALLBACK_STT ignores them.

    Attributes:
        key_terms: Names and words that are likely to occur; 100 at most, as Deepgram allows.
        numerals: Whether numbers are written in digits.
        profanity_filter: Whether swear words are left out.
        redact: Kinds of data that are masked, by Deepgram's names, such as `pci` for card numbers, `ssn`, `numbers`.
        endpointing_ms: Milliseconds of silence after which Deepgram finalises a transcript; None for the plugin's 25.
            A turn ends later, see docs/turns.md.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    key_terms: Annotated[tuple[_Term, ...], Field(max_length=100)] = ()
    numerals: bool = False
    profanity_filter: bool = False
    redact: tuple[_Kind, ...] = ()
    endpointing_ms: int | None = Field(default=None, ge=10, le=5000)

    def of_plugin(self, model: str) -> dict[str, Any]:
        """Return the options of the plugin's `STT` for a model, or of its `STTv2` for a Flux model."""
        options: dict[str, Any] = {"numerals": self.numerals, "profanity_filter": self.profanity_filter}
        if self.key_terms and model.startswith(_WITH_KEY_TERMS):
            options["keyterm"] = list(self.key_terms)
        elif self.key_terms:
            options["keywords"] = [(term, 1.0) for term in self.key_terms]
        if self.redact:
            options["redact"] = self.redact[0] if is_flux(model) else list(self.redact)
        if self.endpointing_ms is not None:
            options["endpointing_ms"] = self.endpointing_ms
        return options

    def of_query(self, model: str) -> list[tuple[str, str]]:
        """Return the same options as the query of a request to Deepgram."""
        options = [(name, "true") for name in ("numerals", "profanity_filter") if getattr(self, name)]
        name = "keyterm" if model.startswith(_WITH_KEY_TERMS) else "keywords"
        return [*options, *((name, term) for term in self.key_terms), *(("redact", kind) for kind in self.redact)]

    def problems(self, model: str, language: str, others: Iterable[str] = ()) -> list[str]:
        """List the options that a model is documented not to support, each with an alternative.

        Args:
            model: Deepgram's name.
            language: The persona's language.
            others: Codes of its other languages.
        """
        others = list(others)
        problems = [*unheard(model, language, others), *(self._problems_of_flux(model) if is_flux(model) else ())]
        if others and language != MULTI:
            problems.append(f'languages: several are recognised only with language = "{MULTI}"; it is {language}')
        phrases = [term for term in self.key_terms if " " in term]
        if phrases and not model.startswith(_WITH_KEY_TERMS):
            problems.append(f"hearing.key_terms: {model} takes single words, not {phrases[0]!r}; nova-3 takes phrases")
        return problems

    def _problems_of_flux(self, model: str) -> Iterator[str]:
        if self.endpointing_ms is not None:
            yield f"hearing.endpointing_ms: {model} finds the end of a turn itself; leave it out"
        if self.redact and (len(self.redact) > 1 or self.redact[0] not in _REDACTED_BY_FLUX):
            yield f"hearing.redact: {model} takes one of {', '.join(_REDACTED_BY_FLUX)}; nova-3 takes others"
