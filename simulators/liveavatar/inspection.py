"""The truth about every session, for tests and benchmarks; on loopback only, and not part of the vendor's API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.faults.control import require_loopback
from simulators.liveavatar.player import SAMPLE_BYTES
from simulators.liveavatar.rest import SERVICE

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.liveavatar.account import SessionRecord
    from simulators.liveavatar.player import Utterance
    from simulators.liveavatar.protocol import LiteProtocol
    from simulators.liveavatar.session import Session


async def list_sessions(request: web.Request) -> web.Response:
    """Tell everything about every session since the start of the stand-in, and how many run and cost.

    Seconds count from the session's start; `started_at` and `ended_at` are Unix seconds, and null before.
    """
    require_loopback(request)
    service = request.app[SERVICE]
    sessions = [_describe(record, service.sessions.get(record.id)) for record in service.account.records.values()]
    return web.json_response(
        {
            "dialect": service.options.dialect.name,
            "open_sessions": len(service.account.active),
            "sessions": sessions,
        }
    )


def _describe(record: SessionRecord, session: Session | None) -> dict[str, object]:
    description: dict[str, object] = {
        "id": record.id,
        "state": record.state,
        "end_reason": record.end_reason,
        "started_at": _unix_seconds(record.started_at),
        "ended_at": _unix_seconds(record.ended_at),
        "sockets": 0 if session is None else session.sockets,
        "request": record.request.model_dump(mode="json", exclude={"livekit_config": {"livekit_client_token"}}),
    }
    if session is None:
        return description
    return description | {"stalled_seconds": session.stalled_seconds} | _describe_protocol(session.protocol)


def _unix_seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _describe_protocol(protocol: LiteProtocol) -> dict[str, object]:
    return {
        "agent_state": protocol.player.state,
        "commands": [asdict(command) for command in protocol.commands],
        "dropped_commands": protocol.dropped_commands,
        "interrupts": protocol.interrupts,
        "utterances": [_describe_utterance(utterance) for utterance in protocol.player.utterances],
        "underrun_seconds": sum(utterance.underrun_seconds for utterance in protocol.player.utterances),
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
