"""All stand-ins on one port, each under its vendor's name."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from simulators import deepgram, elevenlabs, liveavatar, openai
from simulators.faults import FaultPlan, control
from simulators.liveavatar import replay
from simulators.liveavatar.room import LiveKitRoom, OpenRoom
from simulators.speech import Recogniser, Speaker
from simulators.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.liveavatar.replay import Recording
    from simulators.vendors import Vendor

Process = TypeVar("Process", bound=AbstractAsyncContextManager[object])


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the stand-ins.

    Attributes:
        vendors: Vendors whose stand-ins are served.
        api_key: The only key that each of them accepts.
        first_byte: Seconds until ElevenLabs' stand-in sends its first audio.
        speed: Multiple of real time at which it sends its audio.
        liveavatar: Options of LiveAvatar's stand-in; the common `api_key` replaces its own.
        replay: A recording that is replayed instead of LiveAvatar's stand-in.
        first_token: Seconds until OpenAI's stand-in begins its answer.
    """

    vendors: tuple[Vendor, ...] = VENDORS
    api_key: str = field(default="stand-in", repr=False)
    first_byte: float = 0.0
    speed: float = 20.0
    liveavatar: liveavatar.Options = field(default_factory=liveavatar.Options)
    replay: Recording | None = None
    first_token: float = 0.0


def create_app(
    options: Options, *, open_room: OpenRoom = LiveKitRoom, faults: FaultPlan | None = None
) -> web.Application:
    """Make the application; its speech processes start and end with it.

    Args:
        options: The options.
        open_room: Makes the rooms that avatars join.
        faults: The faults, which can be armed at any time, here and over HTTP; None to start without any.
    """
    plan = faults or FaultPlan()
    app = web.Application()
    control.add_control(app, plan)
    app.on_response_prepare.append(_say_stand_in)
    app.router.add_get("/", _tell_what_this_is)
    app[_OPTIONS] = options
    for vendor in options.vendors:
        app.add_subapp(f"/{vendor}", _create(vendor, options, app, open_room, plan))
    return app


_OPTIONS = web.AppKey("options", Options)


def _create(
    vendor: Vendor, options: Options, app: web.Application, open_room: OpenRoom, faults: FaultPlan
) -> web.Application:
    match vendor:
        case "deepgram":
            return deepgram.create_app(_run_with(app, Recogniser()), api_key=options.api_key, faults=faults)
        case "elevenlabs":
            pace = {"first_byte": options.first_byte, "speed": options.speed}
            return elevenlabs.create_app(_run_with(app, Speaker()), api_key=options.api_key, faults=faults, **pace)
        case "openai":
            return openai.create_app(api_key=options.api_key, first_token=options.first_token, faults=faults)
        case "liveavatar" if options.replay is not None:
            return replay.create_app(options.replay, livekit_url=options.liveavatar.livekit_url, faults=faults)
        case "liveavatar":
            avatar = replace(options.liveavatar, api_key=options.api_key)
            return liveavatar.create_app(avatar, open_room=open_room, faults=faults)


def _run_with(app: web.Application, process: Process) -> Process:
    """Start the process before the application serves, end it afterwards."""

    async def run(_app: web.Application) -> AsyncIterator[None]:
        async with process:
            yield

    app.cleanup_ctx.append(run)
    return process


async def _say_stand_in(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("X-Stand-In", "all")


async def _tell_what_this_is(request: web.Request) -> web.Response:
    stand_ins = {
        vendor: {"path": f"/{vendor}", "made_of": _made_of(vendor)} for vendor in request.app[_OPTIONS].vendors
    }
    return web.json_response(
        {
            "message": "These are stand-ins for development and tests. None of the vendors is behind them.",
            "version": version("liveavatar-agent"),
            "stand_ins": stand_ins,
            "faults": control.PATH,
        }
    )


def _made_of(vendor: Vendor) -> str:
    match vendor:
        case "deepgram":
            return f"pocketsphinx {version('pocketsphinx')}"
        case "elevenlabs":
            return f"espeak-ng from espeakng-loader {version('espeakng-loader')}"
        case "openai":
            return "a script, no language model"
        case "liveavatar":
            return f"a drawn face in a LiveKit room, livekit {version('livekit')}"
