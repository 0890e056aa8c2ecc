"""What a call used of each vendor."""

from __future__ import annotations

from livekit.agents.metrics import LLMModelUsage, ModelUsage, STTModelUsage, TTSModelUsage
from livekit.agents.metrics.usage import EOTModelUsage

from agent.reports.prices import load_prices
from agent.reports.usage import usage_of

MODELS: list[ModelUsage] = [
    STTModelUsage(provider="Deepgram", model="nova-3", audio_duration=60.0),
    LLMModelUsage(
        provider="api.openai.com", model="gpt-4.1-mini", input_tokens=3_000_000, input_cached_tokens=1_000_000
    ),
    TTSModelUsage(provider="ElevenLabs", model="eleven_flash_v2_5", characters_count=70),
    EOTModelUsage(provider="livekit", model="turn-detector"),
]


def test_a_use_has_its_vendors_units_and_cost() -> None:
    """Cached tokens have their own price, and the local turn detector is left out."""
    uses = usage_of(MODELS, avatar_seconds=90.0, avatar_is_free=False, stand_ins=[], prices=load_prices())

    assert [(each.kind, each.vendor, each.model, each.amounts, each.cost) for each in uses] == [
        ("stt", "deepgram", "nova-3", {"seconds": 60.0}, 0.0048),
        (
            "llm",
            "openai",
            "gpt-4.1-mini",
            {"input_tokens": 2_000_000, "cached_tokens": 1_000_000, "output_tokens": 0},
            0.9,
        ),
        ("tts", "elevenlabs", "eleven_flash_v2_5", {"characters": 70}, None),
        ("avatar", "liveavatar", "lite", {"seconds": 90.0}, 0.15),
    ]


def test_stand_ins_and_the_sandbox_cost_nothing() -> None:
    """A language model's stand-in is recognised by an address other than OpenAI's."""
    models: list[ModelUsage] = [LLMModelUsage(provider="127.0.0.1:7900", model="m", input_tokens=9), MODELS[0]]
    uses = usage_of(
        models, avatar_seconds=9.0, avatar_is_free=True, stand_ins=["openai", "deepgram"], prices=load_prices()
    )

    assert [(each.vendor, each.cost) for each in uses] == [("openai", 0.0), ("deepgram", 0.0), ("liveavatar", 0.0)]


def test_a_server_of_your_own_is_its_own_vendor() -> None:
    """Its price may be in your price file; a call without an avatar has used none."""
    models: list[ModelUsage] = [LLMModelUsage(provider="llm.example.com", model="m", input_tokens=9)]
    uses = usage_of(models, avatar_seconds=0.0, avatar_is_free=False, stand_ins=[], prices=load_prices())

    assert [(each.kind, each.vendor, each.cost) for each in uses] == [("llm", "llm.example.com", None)]
