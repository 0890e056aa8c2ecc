"""The command line of `python -m simulators`."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulators import liveavatar
from simulators.app import Options
from simulators.faults.control import PATH
from simulators.liveavatar.habit_options import describe_habits, with_habits
from simulators.liveavatar.replay import Recording, RecordingError, read_recording
from simulators.vendors import VENDORS, Vendor

if TYPE_CHECKING:
    from collections.abc import Sequence

# The names that LiveKit's own tools use.
HOSTING_VARIABLES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")

EPILOG = f"""\
Habits of LiveAvatar; the defaults are the service's observed behaviour (docs/protocol.md):
{describe_habits()}

Faults on demand: PUT {PATH} arms a list of them, GET lists those that struck, DELETE disarms;
GET {PATH}/kinds lists all kinds. On loopback only.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The parsed command line."""

    host: str
    port: int
    log_level: str
    options: Options


class _Formatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the line breaks of the epilog."""


def parse_arguments(arguments: Sequence[str] | None = None) -> Arguments:
    """Parse the command line; an error is printed on stderr and ends the program with status 2."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    try:
        habits = with_habits(liveavatar.Habits.fast() if parsed.fast else liveavatar.Habits(), parsed.habit)
    except ValueError as error:
        parser.error(f"--habit: {error}; see --help")
    hosting = _hosting_server() if parsed.hosted_rooms else None
    avatar = liveavatar.Options(habits=habits, livekit=hosting, livekit_url=parsed.livekit_url)
    replay = None if parsed.replay is None else _recording(parsed.replay)
    options = Options(parsed.only, parsed.api_key, parsed.first_byte, parsed.speed, avatar, replay, parsed.first_token)
    return Arguments(parsed.host, parsed.port, parsed.log_level, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Stand-ins for Deepgram, ElevenLabs, OpenAI and LiveAvatar on their own wire protocols.",
        epilog=EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=7900, help="port to listen on; 0 takes a free one")
    parser.add_argument("--only", type=_vendors, default=",".join(VENDORS), help="vendors, separated by commas")
    parser.add_argument("--api-key", default="stand-in", help="the only key that is accepted")
    parser.add_argument(
        "--log-level", choices=["DEBUG", "INFO", "WARNING", "ERROR"], default="WARNING", help="on stderr"
    )
    _add_openai(parser)
    _add_elevenlabs(parser)
    _add_liveavatar(parser)
    return parser


def _add_openai(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("OpenAI")
    group.add_argument("--first-token", type=float, default=0.0, help="seconds until an answer begins")


def _add_elevenlabs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("ElevenLabs")
    group.add_argument("--first-byte", type=float, default=0.0, help="seconds until the first audio")
    group.add_argument("--speed", type=float, default=20.0, help="audio per second, in seconds")


def _add_liveavatar(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("LiveAvatar")
    group.add_argument(
        "--habit", metavar="NAME=VALUE", action="append", default=[], help="a habit listed below; can be repeated"
    )
    group.add_argument("--fast", action="store_true", help="harmless habits without delays instead of the real ones")
    group.add_argument("--livekit-url", help="server to join instead of the session's URL")
    group.add_argument(
        "--hosted-rooms",
        action="store_true",
        help=f"open rooms for sessions without one; needs {', '.join(HOSTING_VARIABLES)} in the environment",
    )
    group.add_argument("--replay", type=Path, metavar="FILE", help="replay a recording instead (docs/recording.md)")


def _hosting_server() -> liveavatar.LiveKitServer:
    if missing := [name for name in HOSTING_VARIABLES if not os.environ.get(name)]:
        message = f"--hosted-rooms needs {', '.join(missing)} in the environment."
        raise SystemExit(message)
    return liveavatar.LiveKitServer(*(os.environ[name] for name in HOSTING_VARIABLES))


def _recording(path: Path) -> Recording:
    try:
        with path.open(encoding="utf-8") as lines:
            return read_recording(lines)
    except (OSError, UnicodeDecodeError, RecordingError) as error:
        message = f"{path} cannot be replayed: {error}"
        raise SystemExit(message) from None


def _vendors(names: str) -> tuple[Vendor, ...]:
    wanted = {name.strip() for name in names.split(",")}
    if unknown := wanted - set(VENDORS):
        message = f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(VENDORS)}"
        raise argparse.ArgumentTypeError(message)
    return tuple(vendor for vendor in VENDORS if vendor in wanted)
