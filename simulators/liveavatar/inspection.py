"""The stand-in's records of all sessions, for tests and benchmarks; on loopback only, not part of the vendor's API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.faults.control import require_loopback
from simulators.liveavatar.model import SAMPLE_BYTES
from simulators.liveavatar.service import SERVICE

if TYPE_CHECKING:
    from simulators.liveavatar.model import Session, Utterance
    from simulators.liveavatar.model.conversation import Conversation
    from simulators.liveavatar.service import Service


async def list_sessions(request: web.Request) -> web.Response:
    """Describe every session since the start of the stand-in, and count the running ones, which cost credits.

    Seconds count from the session's start; `started_at` and `ended_at` are Unix times in seconds, null until then.
    """
    require_loopback(request)
    service = request.app[SERVICE]
    return web.json_response(
        {
            "dialect": service.options.habits.dialect.name,
            "open_sessions": len(service.model.running(service.clock.now)),
            "sessions": [_describe(session, service) for session in service.model.sessions],
        }
    )


def _describe(session: Session, service: Service) -> dict[str, object]:
    description: dict[str, object] = {
        "id": session.id,
        "state": session.state,
        "end_reason": session.end_reason,
        "started_at": None if session.started_at is None else session.started_at + service.unix_zero,
        "ended_at": None if session.ended_at is None else session.ended_at + service.unix_zero,
        "sockets": session.sockets,
        "request": session.request.model_dump(mode="json", exclude={"livekit_config": {"livekit_client_token"}}),
    }
    if session.conversation is None:
        return description
    stalled = service.stalled_seconds(session)
    return description | {"stalled_seconds": stalled} | _describe_conversation(session.conversation)


def _describe_conversation(conversation: Conversation) -> dict[str, object]:
    player = conversation.player
    return {
        "agent_state": player.state,
        "commands": [asdict(command) for command in conversation.commands],
        "dropped_commands": conversation.dropped_commands,
        "interrupts": conversation.interrupts,
        "utterances": [_describe_utterance(utterance) for utterance in player.utterances],
        "underrun_seconds": sum(utterance.underrun_seconds for utterance in player.utterances),
    }


def _describe_utterance(utterance: Utterance) -> dict[str, object]:
    return {
        "event_id": utterance.event_id,
        "received_bytes": utterance.received_bytes,
        "heard_bytes": utterance.heard_samples * SAMPLE_BYTES,
        "underrun_seconds": utterance.underrun_seconds,
        "started_at": utterance.started_at,
        "sealed": utterance.sealed,
        "ended": utterance.ended,
        "interrupted": utterance.interrupted,
    }
