"""The use of each vendor in a call, from the framework's counts. Pure."""

from collections.abc import Collection, Iterable
from typing import Literal

from livekit.agents.metrics import LLMModelUsage, ModelUsage, STTModelUsage, TTSModelUsage

from agent.conversation.pipeline import is_openai_host
from agent.reports.prices import Prices
from agent.reports.report import Usage

_AVATAR, _AVATAR_MODE = "liveavatar", "lite"


def usage_of(
    models: Iterable[ModelUsage],
    *,
    avatar_seconds: float,
    avatar_is_free: bool,
    stand_ins: Collection[str],
    prices: Prices,
) -> list[Usage]:
    """List the use of each vendor, with its cost.

    Args:
        models: The framework's counts.
        avatar_seconds: Seconds of avatar sessions.
        avatar_is_free: Whether they are sandbox sessions.
        stand_ins: Names of the vendors that are stand-ins, which cost nothing.
        prices: The vendors' prices.
    """
    uses = [use for use in (_use(model, stand_ins) for model in models) if use is not None]
    if avatar_seconds:
        amounts = {"seconds": round(avatar_seconds, 1)}
        uses.append(Usage(kind="avatar", vendor=_AVATAR, model=_AVATAR_MODE, amounts=amounts, cost=None))
    free = {*stand_ins, *([_AVATAR] if avatar_is_free else [])}
    return [use.model_copy(update={"cost": 0.0 if use.vendor in free else prices.cost(use)}) for use in uses]


def _use(model: ModelUsage, stand_ins: Collection[str]) -> Usage | None:
    match model:
        case STTModelUsage():
            return _usage("stt", model, {"seconds": round(model.audio_duration, 1)}, stand_ins)
        case TTSModelUsage():
            return _usage("tts", model, {"characters": model.characters_count}, stand_ins)
        case LLMModelUsage():
            # The framework's input tokens include those from the cache, which have their own price.
            fresh = model.input_tokens - model.input_cached_tokens
            amounts = {"input_tokens": fresh, "cached_tokens": model.input_cached_tokens}
            return _usage("llm", model, {**amounts, "output_tokens": model.output_tokens}, stand_ins)
    return None


def _usage(
    kind: Literal["stt", "llm", "tts"],
    model: STTModelUsage | LLMModelUsage | TTSModelUsage,
    amounts: dict[str, float],
    stand_ins: Collection[str],
) -> Usage:
    return Usage(
        kind=kind, vendor=_vendor(kind, model.provider, stand_ins), model=model.model, amounts=amounts, cost=None
    )


def _vendor(kind: str, provider: str, stand_ins: Collection[str]) -> str:
    """Return the vendor's name in the prices; OpenAI's plugin reports the host that it uses as its provider."""
    is_stand_in = kind == "llm" and "openai" in stand_ins
    return "openai" if is_stand_in or is_openai_host(f"//{provider}") else provider.lower()
