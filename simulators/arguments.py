"""The command line of `python -m simulators`."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators import liveavatar
from simulators.app import Options
from simulators.faults.control import PATH
from simulators.vendors import VENDORS, Vendor

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL = liveavatar.Options()

LIVEAVATAR_NUMBERS: dict[str, str] = {
    "token_delay": "seconds until a token is answered",
    "start_delay": "seconds until a start is answered",
    "connect_delay": "seconds from the open socket to connected",
    "start_latency": "seconds from the first audio to the first sound",
    "sandbox_seconds": "length of a sandbox session",
    "idle_timeout": "seconds without a command that end a session",
    "orphan_timeout": "seconds without a socket that end a session",
    "max_session_duration": "seconds that a session may last",
    "concurrency": "sessions at the same time",
    "credits": "what the account has; a minute takes one",
    "rate_limit": "calls a second of each endpoint with the same credential; 0: any number",
}
"""Help for the fields of `liveavatar.Options` that are options of the command line under the same name."""


HOSTING_VARIABLES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
"""As LiveKit's own tools call them."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was asked for on the command line."""

    host: str
    port: int
    log_level: str
    options: Options


def parse_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Read the command line; what is wrong is told on stderr and ends the program with status 2."""
    parsed = _parser().parse_args(arguments)
    hosting = _hosting_server() if parsed.hosted_rooms else None
    numbers = {name: getattr(parsed, name) for name in LIVEAVATAR_NUMBERS}
    avatar = liveavatar.Options(
        dialect=liveavatar.DIALECTS[parsed.dialect], livekit=hosting, livekit_url=parsed.livekit_url, **numbers
    )
    options = Options(parsed.only, parsed.api_key, parsed.first_byte, parsed.speed, avatar)
    return Arguments(parsed.host, parsed.port, parsed.log_level, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Stand-ins for Deepgram, ElevenLabs, OpenAI and LiveAvatar on their own wire protocols.",
        epilog=f"Faults on demand: PUT {PATH} arms a list of them, GET tells what struck, DELETE disarms; "
        f"GET {PATH}/kinds lists those that there are. On loopback only.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7900, help="port to listen on; 0 takes a free one")
    parser.add_argument("--only", type=_vendors, default=",".join(VENDORS), help="vendors, separated by commas")
    parser.add_argument("--api-key", default="stand-in", help="the only key that is accepted")
    parser.add_argument(
        "--log-level", choices=["DEBUG", "INFO", "WARNING", "ERROR"], default="WARNING", help="on stderr"
    )
    _add_elevenlabs(parser)
    _add_liveavatar(parser)
    return parser


def _add_elevenlabs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("ElevenLabs")
    group.add_argument("--first-byte", type=float, default=0.0, help="seconds until the first audio")
    group.add_argument("--speed", type=float, default=20.0, help="audio per second, in seconds")


def _add_liveavatar(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("LiveAvatar")
    group.add_argument("--dialect", choices=liveavatar.DIALECTS, default="full", help="which events are sent")
    group.add_argument("--livekit-url", help="joined instead of the URL that a session asks for")
    group.add_argument(
        "--hosted-rooms",
        action="store_true",
        help=f"open rooms for sessions that bring none; needs {', '.join(HOSTING_VARIABLES)} in the environment",
    )
    for name, text in LIVEAVATAR_NUMBERS.items():
        usual = getattr(USUAL, name)
        group.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual, help=text)


def _hosting_server() -> liveavatar.LiveKitServer:
    if missing := [name for name in HOSTING_VARIABLES if not os.environ.get(name)]:
        message = f"--hosted-rooms needs {', '.join(missing)} in the environment."
        raise SystemExit(message)
    return liveavatar.LiveKitServer(*(os.environ[name] for name in HOSTING_VARIABLES))


def _vendors(names: str) -> tuple[Vendor, ...]:
    wanted = {name.strip() for name in names.split(",")}
    if unknown := wanted - set(VENDORS):
        message = f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(VENDORS)}"
        raise argparse.ArgumentTypeError(message)
    return tuple(vendor for vendor in VENDORS if vendor in wanted)
