"""The options in the query of `/v1/listen` and `/v2/listen`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENGLISH = ("en", "multi")
_FLUX_MODELS = ("flux-general-en", "flux-general-multi")
_LONGEST_TURN_END = 5.0


class BadOption(ValueError):  # noqa: N818 - it is answered as "Bad Request"
    """A parameter that Deepgram, or this stand-in, refuses."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Deepgram's parameters, times in seconds; unlisted ones are accepted and have no effect.

    Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming
    """

    rate_hz: int
    model: str
    interim_results: bool
    vad_events: bool
    # Silence after which speech is final; None: only `Finalize` and `CloseStream` end it.
    endpointing: float | None
    # Silence after which `UtteranceEnd` is sent; None: never.
    utterance_end: float | None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> ListenOptions:
        """Read the query of a streaming request, for 16-bit mono PCM. Raises `BadOption`."""
        _require(query.get("encoding") == "linear16", "this stand-in hears encoding=linear16 only")
        _require(query.get("channels", "1") == "1", "this stand-in hears channels=1 only")
        _require_english(query)
        return cls(
            rate_hz=rate_hz(query),
            model=query.get("model", "base"),
            interim_results=_flag(query, "interim_results"),
            vad_events=_flag(query, "vad_events"),
            endpointing=_seconds(query, "endpointing", default="10"),
            utterance_end=_seconds(query, "utterance_end_ms", default="false"),
        )


@dataclass(frozen=True, slots=True)
class FluxOptions:
    """The parameters of `/v2/listen`; unlisted ones are accepted and have no effect.

    Source: https://developers.deepgram.com/docs/flux/configuration
    """

    rate_hz: int
    model: str
    # True if the client wants events for turns that may have ended.
    is_eager: bool
    # Seconds of silence after which a turn always ends.
    timeout: float

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> FluxOptions:
        """Read the query of a request, for 16-bit mono PCM. Raises `BadOption`."""
        _require(query.get("encoding") == "linear16", "this stand-in hears encoding=linear16 only")
        _require(query.get("model", "") in _FLUX_MODELS, "No such model/language combination found.")
        _require("language" not in query, "language is not a parameter of /v2/listen: use language_hint")
        eager, end = _threshold(query, "eager_eot_threshold", 0.3, 0.9), _threshold(query, "eot_threshold", 0.5, 1.0)
        _require(eager is None or eager <= (end or 0.7), "eager_eot_threshold must not exceed eot_threshold")
        timeout = _seconds(query, "eot_timeout_ms", default="5000")
        return cls(
            rate_hz=rate_hz(query),
            model=query["model"],
            is_eager=eager is not None,
            timeout=timeout or _LONGEST_TURN_END,
        )


def rate_hz(query: Mapping[str, str]) -> int:
    """Return the sample rate of raw audio. Raises `BadOption`."""
    rate = query.get("sample_rate", "")
    _require(rate.isdecimal() and 8000 <= int(rate) <= 48000, "sample_rate must be 8000 to 48000")  # noqa: PLR2004
    return int(rate)


def _require_english(query: Mapping[str, str]) -> None:
    language = query.get("language", "en").split("-")[0]
    _require(language in _ENGLISH, "No such model/language combination found.")


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise BadOption(message)


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "false") == "true"


def _threshold(query: Mapping[str, str], name: str, least: float, most: float) -> float | None:
    if name not in query:
        return None
    value = query[name]
    _require(value.replace(".", "", 1).isdecimal(), f"{name} must be a number")
    _require(least <= float(value) <= most, f"{name} must be {least} to {most}")
    return float(value)


def _seconds(query: Mapping[str, str], name: str, *, default: str) -> float | None:
    value = query.get(name, default)
    if value == "false":
        return None
    _require(value.isdecimal(), f"{name} must be a number of milliseconds or false")
    return int(value) / 1000
