"""The commands of `python agent.py`."""

import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer
from livekit.agents import cli as framework_cli
from livekit.agents.__main__ import main as framework_main

from agent.call_config import CallConfig
from agent.call_config.persona_files import require_folder, usable_personas
from agent.doctor import command as doctor_command
from agent.evaluation.command import evaluate
from agent.knowledge.command import knowledge
from agent.knowledge.keeper import index_knowledge, keeping_knowledge
from agent.metrics.serve import serving_metrics
from agent.persona import load_persona
from agent.persona_check import require_usable, warn_of_doubts
from agent.process.account_watch import AccountWatch
from agent.process.bare_exit import exit_bare
from agent.process.grace import drain_timeout
from agent.process.log import set_up_logging
from agent.process.options import Level, LogLevel
from agent.process.ports import health_port
from agent.process.readiness import Readiness
from agent.process.reload import run_reloading
from agent.process.run import WorkerError, run_worker
from agent.reports.check import open_outbox
from agent.reports.delivery import delivering
from agent.reports.outbox import ReportOutbox
from agent.rooms.connection_details import Rooms
from agent.rooms.hosted import hosted_rooms
from agent.rooms.recovery import Recovery
from agent.rooms.slots import AccountSlots
from agent.rooms.witness import asking_agents
from agent.sessions.command import app as sessions
from agent.sessions.sweeper import open_checked_state, sweeping
from agent.settings import Settings, SettingsError, complete_settings, load_settings
from agent.settings.environment import mended
from agent.state.shared_state import SharedState
from agent.tools.persona_tools import check_surroundings
from agent.web.command import web
from agent.web.page_process import page_process
from agent.web.serve import require_web_port
from agent.worker import ENVIRONMENT, server
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")


app = typer.Typer(
    help="A caller joins a LiveKit room and talks with a face.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(sessions, name="sessions")
app.command()(web)
app.command("eval")(evaluate)
app.command()(knowledge)


def main() -> None:
    """Run a command; an error that its user can fix is printed without a traceback."""
    try:
        app()
    except (SettingsError, WorkerError) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


@app.command()
def dev(
    *,
    reload: Annotated[bool, typer.Option(help="Restart when the code changes.")] = True,
    log_level: LogLevel = Level.INFO,
) -> None:
    """Run the worker for development: readable logs, restart on change; Ctrl-C lets running calls end."""
    if reload:
        # Missing settings are printed once, before a process is started.
        settings_of_a_call()
        root = Path(sys.argv[0]).resolve().parent
        command = [sys.executable, *sys.argv, "--no-reload"]
        raise typer.Exit(run_reloading(command, root, ENVIRONMENT))
    _run(dev=True, log_level=log_level)


@app.command()
def start(*, log_level: LogLevel = Level.INFO) -> None:
    """Run the worker in production: JSON logs; SIGTERM lets running calls end."""
    _run(dev=False, log_level=log_level)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def console(ctx: typer.Context) -> None:
    """Talk to the agent in the terminal, without a room and so without an avatar; --text to type."""
    settings = settings_of_a_call()
    asyncio.run(index_knowledge(load_persona(settings.persona), settings))
    _need_portaudio()
    sys.argv = [sys.argv[0], "console", *ctx.args]
    with warnings.catch_warnings():
        # The warning recommends LiveKit's own command line tool, which this command does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        framework_cli.run_app(server)


@app.command()
def doctor(
    *,
    call: Annotated[bool, typer.Option("--call", help="Also make a test call; asks before it costs anything.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make the call without asking.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Make the call in the sandbox, free of charge.")] = False,
    read: Annotated[Path | None, typer.Option(help="Check a recording of a call instead.")] = None,
) -> None:
    """Check keys, avatar, LiveKit, credits, clock and audio format; with --call, also make a test call."""
    if read is not None:
        is_good = doctor_command.read(read)
    elif call or sandbox:
        exit_bare(0 if doctor_command.call(yes=yes, sandbox=sandbox) else 1)
    else:
        is_good = doctor_command.check()
    if not is_good:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON schema of a call's configuration; docs/calls.md says where one can be given."""
    typer.echo(json.dumps(CallConfig.model_json_schema(), indent=2))


@app.command()
def download_files() -> None:
    """Download the plugins' model files, a step of LiveKit's templates; the plugins used here have none."""
    raise typer.Exit(framework_main(["download-files"]))


def settings_of_a_call() -> Settings:
    """Load the settings and the persona that a call needs.

    Raises:
        SettingsError: Something is missing or wrong; the error names all of it.
    """
    persona = load_persona(load_settings().persona)
    settings = complete_settings(of_persona=persona.avatar_id)
    require_usable(settings, persona)
    require_folder(settings)
    check_surroundings(persona)
    return settings


def _need_portaudio() -> None:
    """Raise a WorkerError where PortAudio is missing: the framework's console loads it, even for --text."""
    try:
        import sounddevice  # noqa: F401, PLC0415 - only the console needs it, and not every machine has it
    except OSError:
        message = "the console needs the PortAudio library: on Debian and Ubuntu `apt-get install libportaudio2`"
        raise WorkerError(message) from None


def _run(*, dev: bool, log_level: Level) -> None:
    settings = settings_of_a_call()
    require_web_port(settings, dev=dev)
    set_up_logging(log_level, dev=dev)
    warn_of_doubts(settings, load_persona(settings.persona))
    state, outbox = open_checked_state(settings), open_outbox(settings)
    server.slots = AccountSlots(settings, state.journal)
    logger.info("calls can have these personas", extra={"personas": ", ".join(usable_personas(settings))})
    for name, value in mended(ENVIRONMENT).items():
        extra = {"setting": name, "used_as": value or "the key alone"}
        logger.warning("a setting is not used as it is written; other programs may read it differently", extra=extra)
    if settings.turn_detection == "vad":
        # The framework would load its own turn detector into every process, where it is not used.
        os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
    if settings.stand_ins:
        typer.echo(f"STAND-INS, not the real thing: {', '.join(settings.stand_ins)}", err=True)
    is_registered = settings.room_owner == "ours"
    account = AccountWatch.of(settings, state.journal)
    readiness = Readiness(
        server, is_registered=is_registered, is_state_away=state.is_away, account_problem=lambda: account.problem
    )
    run_worker(
        server,
        dev=dev,
        drain_timeout=drain_timeout(settings),
        port=health_port(settings, dev=dev),
        is_registered=is_registered,
        beside=_beside(settings, state, outbox, account, readiness, dev=dev, log_level=log_level),
    )


@asynccontextmanager
async def _beside(
    settings: Settings,
    state: SharedState,
    outbox: ReportOutbox,
    account: AccountWatch,
    readiness: Readiness,
    *,
    dev: bool,
    log_level: Level,
) -> AsyncIterator[None]:
    """Run the sweeper and deliveries in the worker's process, and the page's process alongside it."""
    async with (
        # First, because later processes inherit the folder of their metrics.
        serving_metrics(settings, state.journal),
        account.running(),
        _recovery(settings) as recovery,
        sweeping(settings, state.journal, recovery.recover_room) as sweep_now,
        asking_agents(settings, state.leases, sweep_now),
        delivering(settings, outbox),
        keeping_knowledge(settings),
        _rooms(settings, state.journal) as rooms,
        page_process(settings, readiness, rooms, dev=dev, log_level=log_level),
    ):
        yield


@asynccontextmanager
async def _recovery(settings: Settings) -> AsyncIterator[Recovery]:
    """Dispatch another agent to callers whose agent has died."""
    recovery = Recovery(settings)
    server.on_job_failed = recovery.recover_job
    try:
        yield recovery
    finally:
        await recovery.aclose()


def _rooms(settings: Settings, journal: Journal) -> AbstractAsyncContextManager[Rooms | None]:
    """Open LiveAvatar's rooms; rooms of our own LiveKit project are opened by the page's process."""
    return nullcontext() if settings.room_owner == "ours" else hosted_rooms(settings, server, journal)
