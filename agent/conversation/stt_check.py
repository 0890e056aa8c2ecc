"""Asks Deepgram whether its model knows a language, for the doctor."""

import aiohttp

from agent.conversation.pipeline import DEEPGRAM_URL, flux_url
from agent.persona import Persona
from agent.settings import Settings

_TIMEOUT = 10.0  # seconds


async def why_unheard(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> str | None:
    """Open a stream with the persona's language and its `[hearing]`, as a call does, and close it.

    The table of `agent/settings/deepgram_models.py` can't be complete: Deepgram added languages to nova-3 in eight of
    twelve months (developers.deepgram.com/changelog).

    Args:
        settings: The settings; the key must be valid.
        persona: Its language and its options for speech-to-text are tried.
        http: An open HTTP session.

    Returns:
        Deepgram's reason for refusing the stream; None if it accepts it.

    Raises:
        aiohttp.ClientError: Deepgram can't be reached, or refuses the key.
        TimeoutError: Deepgram does not answer.
    """
    vendor = settings.deepgram
    of_nova = [("language", persona.language), ("interim_results", "true")]
    url = flux_url(vendor.url) if settings.has_own_turns else vendor.url or DEEPGRAM_URL
    options = [
        ("model", settings.deepgram_model),
        ("encoding", "linear16"),
        ("sample_rate", "16000"),
        *([] if settings.has_own_turns else of_nova),
        *persona.hearing.of_query(settings.deepgram_model),
    ]
    headers = {"Authorization": f"Token {vendor.key.get_secret_value()}"}
    try:
        async with http.ws_connect(
            url.replace("http", "ws", 1),
            params=options,
            headers=headers,
            timeout=aiohttp.ClientWSTimeout(ws_close=_TIMEOUT),
        ) as stream:
            await stream.send_str('{"type": "CloseStream"}')
    except aiohttp.WSServerHandshakeError as refusal:
        if refusal.status != 400:  # noqa: PLR2004 - Deepgram's status for a combination that does not exist
            raise
        reason = refusal.headers.get("dg-error") if refusal.headers else None
        return reason or "no such combination of model and language"
    return None
