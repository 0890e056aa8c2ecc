"""The JSON that Deepgram sends.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming and listen-pre-recorded.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.deepgram.endpointer import Utterance
    from simulators.faults.calls import Status
    from simulators.speech import Recognition

Message = dict[str, object]
_CHANNEL = [0, 1]  # the index of the channel, and the number of channels
_MODEL = {"name": "stand-in", "version": "pocketsphinx", "arch": "pocketsphinx"}


def results(
    utterance: Utterance, recognition: Recognition, *, is_final: bool, speech_final: bool, request_id: str
) -> Message:
    """Return the transcript of an utterance, interim or final."""
    return {
        "type": "Results",
        "channel_index": _CHANNEL,
        "start": round(utterance.start, 2),
        "duration": round(utterance.end - utterance.start, 2),
        "is_final": is_final,
        "speech_final": speech_final,
        "channel": _channel([(utterance.start, recognition)]),
        "metadata": {"request_id": request_id, "model_info": _MODEL, "model_uuid": request_id},
    }


def connected(*, request_id: str) -> Message:
    """Return the first message of `/v2/listen`."""
    return {"type": "Connected", "request_id": request_id, "sequence_id": 0}


def turn_info(
    event: str, utterance: Utterance, recognition: Recognition | None, *, request_id: str, sequence: int, turn: int
) -> Message:
    """Return an event of a turn, with its transcript so far.

    Source: https://developers.deepgram.com/docs/flux/state, and the fields that LiveKit's plugin reads.
    """
    words = [] if recognition is None else recognition.words
    return {
        "type": "TurnInfo",
        "request_id": request_id,
        "sequence_id": sequence,
        "event": event,
        "turn_index": turn,
        "audio_window_start": round(utterance.start, 2),
        "audio_window_end": round(utterance.end, 2),
        "transcript": " ".join(word.text for word in words),
        "words": [
            {
                "word": word.text,
                "start": round(utterance.start + word.start, 2),
                "end": round(utterance.start + word.end, 2),
                "confidence": round(word.confidence, 4),
            }
            for word in words
        ],
        "end_of_turn_confidence": {"EndOfTurn": 0.9, "EagerEndOfTurn": 0.6}.get(event, 0.1),
    }


def speech_started(at: float) -> Message:
    """Return the message that speech was detected at this second of the stream."""
    return {"type": "SpeechStarted", "channel": _CHANNEL, "timestamp": round(at, 2)}


def utterance_end(last_word_end: float) -> Message:
    """Return the message that there was silence for `utterance_end_ms`."""
    return {"type": "UtteranceEnd", "channel": _CHANNEL, "last_word_end": round(last_word_end, 2)}


def metadata(*, request_id: str, sha256: str, duration: float) -> Message:
    """Return the summary of a request, the last message of a stream."""
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": request_id,
        "sha256": sha256,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "duration": round(duration, 2),
        "channels": 1,
    }


def prerecorded(heard: Sequence[tuple[float, Recognition]], *, recording: bytes, duration: float) -> Message:
    """Return the answer to a whole recording: its utterances, each with its start in seconds."""
    summary = metadata(request_id=str(uuid4()), sha256=hashlib.sha256(recording).hexdigest(), duration=duration)
    del summary["type"]
    return {"metadata": summary, "results": {"channels": [_channel(heard)]}}


def refuse(kind: type[web.HTTPError], code: str, message: str) -> web.HTTPError:
    """Make an error like Deepgram's: in the body, and in headers, as clients see no body of a failed upgrade."""
    body, headers = _error(code, message)
    return kind(text=json.dumps(body), content_type="application/json", headers=headers)


def refuse_as_asked(fault: Status) -> web.Response:
    """Make the response of an armed fault."""
    body, headers = _error(str(fault.code or fault.status), fault.message)
    return web.json_response(body, status=fault.status, headers=headers)


def _error(code: str, message: str) -> tuple[Message, dict[str, str]]:
    request_id = str(uuid4())
    body: Message = {"err_code": code, "err_msg": message, "request_id": request_id}
    return body, {"dg-request-id": request_id, "dg-error": message}


def _channel(heard: Sequence[tuple[float, Recognition]]) -> Message:
    words = [(start, word) for start, recognition in heard for word in recognition.words]
    alternative = {
        "transcript": " ".join(word.text for _, word in words),
        "confidence": round(sum(word.confidence for _, word in words) / len(words), 4) if words else 0.0,
        "words": [
            {
                "word": word.text,
                "start": round(start + word.start, 2),
                "end": round(start + word.end, 2),
                "confidence": round(word.confidence, 4),
                "punctuated_word": word.text,
            }
            for start, word in words
        ],
    }
    return {"alternatives": [alternative]}
