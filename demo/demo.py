"""The demo: a LiveKit server, stand-ins for the vendors without a key, the worker, and a caller."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import SecretStr

from agent.settings import Settings, load_settings, out_of_reach, read_env_file
from agent.settings.proxies import room_proxies
from agent.settings.state_dir import demo_state_dir
from demo.call import report
from demo.call.call import call
from demo.errors import DemoError
from demo.invitation import ask_in, invite
from demo.livekit_server import LiveKitServer
from demo.page import open_in_browser, page_link
from demo.page_build import build_page, is_built
from demo.processes import Child, answers, check_port, free_port, running
from demo.screen import show_invitation, show_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from rich.console import Console

ROOT: Final = Path(__file__).parent.parent
WEB: Final = ROOT / "web"
# Seconds to start; the worker loads its models first.
STAND_INS_START: Final = 30.0
WORKER_START: Final = 60.0

# The framework's log message when LiveKit knows the worker; a room that is created earlier gets no agent.
REGISTERED: Final = "registered worker"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the demo.

    Attributes:
        call: True for a synthetic caller instead of a person.
        port: Port of the LiveKit server, if one is started.
        stand_ins_port: Port of the stand-ins.
        page_port: Port of the page.
        directory: Directory for the call's video and transcript.
        verbose: True to show the worker's log.
        open_page: True to open the page in the browser.
    """

    call: bool = False
    port: int = 7880
    stand_ins_port: int = 7900
    page_port: int = 7890
    directory: Path = Path("demo-call")
    verbose: bool = False
    open_page: bool = False

    @property
    def stand_ins_url(self) -> str:
        """Address of the stand-ins that the demo starts."""
        return f"http://127.0.0.1:{self.stand_ins_port}"


async def run_demo(options: Options, console: Console) -> int:
    """Run the demo until it is cancelled, or until the synthetic caller has called.

    Returns:
        The exit status: 1 when a turn of the call failed.

    Raises:
        DemoError: The demo can't run; the text says why and what to do.
    """
    log_dir = Path(tempfile.mkdtemp(prefix="demo-logs-"))
    room = f"demo-{secrets.token_hex(3)}"
    async with _stage(options, console, log_dir) as (settings, children):
        if options.call:
            return await _unless_died(children, _call(settings, room, options, console))
        page = page_link(settings) if is_built(WEB) else None
        show_invitation(console, page, invite(settings, room, "you") if settings.room_owner == "ours" else None)
        if page and options.open_page:
            open_in_browser(page)
        return await _unless_died(children, asyncio.Event().wait())


@asynccontextmanager
async def _stage(options: Options, console: Console, log_dir: Path) -> AsyncIterator[tuple[Settings, list[Child]]]:
    """Start the processes in the order of their dependencies; they end in the reverse order."""
    read_env_file()
    settings = load_settings()
    own_livekit, own_stand_ins = not settings.livekit_url, not settings.stand_ins_url
    settings = settings.model_copy(update={"stand_ins_url": settings.stand_ins_url or options.stand_ins_url})
    settings = with_room_owner(settings)
    settings = settings.model_copy(update={"web_port": _page_port(settings, options), "web_host": "127.0.0.1"})
    own_livekit = own_livekit and (settings.room_owner == "ours" or settings.liveavatar.is_stand_in)
    own_stand_ins = own_stand_ins and (options.call or bool(settings.stand_ins))
    if own_stand_ins:
        check_port(options.stand_ins_port, "the stand-ins", "--stand-ins-port")
    if not options.call:
        check_port(options.page_port, "the page", "--page-port")
    children: list[Child] = []
    async with AsyncExitStack() as stack:
        if own_livekit:
            server = await stack.enter_async_context(LiveKitServer(options.port, log_dir=log_dir, console=console))
            settings = _with_livekit(settings, server)
            children.append(server.child)
        elif settings.livekit_url:
            await _check_livekit(settings)
        if not options.call:
            await _build_page(console, is_needed=settings.room_owner == "liveavatar")
        show_parts(console, settings, log_dir, own_livekit=own_livekit)
        with console.status("starting"):
            if own_stand_ins:
                children.append(await stack.enter_async_context(_stand_ins(settings, options, log_dir)))
            children.append(await stack.enter_async_context(_worker(settings, log_dir)))
        if options.verbose:
            following = asyncio.create_task(children[-1].follow(console.out))
            stack.callback(following.cancel)
        yield settings, children


async def _build_page(console: Console, *, is_needed: bool) -> None:
    """Build the page if it is not there; without it, other clients can join unless the room is LiveAvatar's.

    Raises:
        DemoError: It can't be built, and callers have no other way in.
    """
    try:
        await build_page(WEB, console)
    except DemoError as error:
        if is_needed:
            raise
        console.print(str(error), style="yellow", markup=False, highlight=False, soft_wrap=True)


def with_room_owner(settings: Settings) -> Settings:
    """Choose the room's owner: LiveAvatar, if it can't reach a LiveKit server that is started here.

    Raises:
        DemoError: LiveAvatar can't join the chosen room.
    """
    if settings.room_owner == "ours" and settings.is_avatar_remote and not settings.livekit_url:
        if "room_owner" in settings.model_fields_set:
            message = (
                "LiveAvatar joins over the internet and can't reach a LiveKit server on this machine: "
                "set LIVEKIT_URL to one that it can, or leave ROOM_OWNER or LIVEAVATAR_API_KEY out."
            )
            raise DemoError(message)
        return settings.model_copy(update={"room_owner": "liveavatar"})
    if problems := out_of_reach(settings):
        raise DemoError("\n".join(problems))
    return settings


def _page_port(settings: Settings, options: Options) -> int:
    """Return the page's port; 0 for a synthetic caller, unless only the page's server can let it in."""
    if not options.call:
        return options.page_port
    return free_port() if settings.room_owner == "liveavatar" else 0


async def _check_livekit(settings: Settings) -> None:
    """Raise a DemoError at once if no LiveKit server answers; the worker would try for minutes."""
    if not await answers(settings.livekit_url.replace("ws", "http", 1)):
        message = f"No LiveKit server answers at {settings.livekit_url}: is LIVEKIT_URL right, and the server running?"
        raise DemoError(message)


def _with_livekit(settings: Settings, server: LiveKitServer) -> Settings:
    update = {
        "livekit_url": server.url,
        "livekit_api_key": server.api_key,
        "livekit_api_secret": SecretStr(server.api_secret),
        "livekit_agent_name": "",
        "livekit_public_url": "",
    }
    return settings.model_copy(update=update)


@asynccontextmanager
async def _stand_ins(settings: Settings, options: Options, log_dir: Path) -> AsyncIterator[Child]:
    command = [sys.executable, "-m", "simulators", "--port", str(options.stand_ins_port)]
    # The stand-in for the avatar joins the room.
    env = room_proxies(settings.livekit_url)
    if settings.room_owner == "liveavatar" and settings.liveavatar.is_stand_in:
        command.append("--hosted-rooms")
        env |= livekit_environment(settings)
    async with running("stand-ins", command, log=log_dir / "stand-ins.log", env=env, cwd=ROOT) as child:
        await child.wait_until(lambda: answers(options.stand_ins_url), STAND_INS_START)
        yield child


@asynccontextmanager
async def _worker(settings: Settings, log_dir: Path) -> AsyncIterator[Child]:
    command = [sys.executable, "agent.py", "dev", "--no-reload"]
    env = worker_environment(settings)
    health = f"http://127.0.0.1:{settings.web_port}/healthz"
    async with running("worker", command, log=log_dir / "worker.log", env=env, cwd=ROOT) as child:
        await child.wait_until(
            lambda: answers(health) if settings.web_port else child.has_logged(REGISTERED), WORKER_START
        )
        yield child


def livekit_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables of a process that needs the LiveKit server."""
    return {
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
    }


def worker_environment(settings: Settings) -> dict[str, str]:
    """Return the environment variables of the demo's worker, in addition to those of this process."""
    env = {
        **livekit_environment(settings),
        "ROOM_OWNER": settings.room_owner,
        "LIVEKIT_AGENT_NAME": settings.livekit_agent_name,
        "LIVEKIT_PUBLIC_URL": settings.livekit_public_url,
        "STAND_INS_URL": settings.stand_ins_url,
        "WEB_PORT": str(settings.web_port or 0),
        "WEB_HOST": settings.web_host,
        "WORKER_PORT": "0",
        # Ctrl-C ends the demo without waiting for the call to end.
        "DRAIN_TIMEOUT": "1",
    }
    # Sessions of the real service, which are billed, are noted in the usual directory, which the next worker reads.
    if settings.liveavatar.is_stand_in:
        env["STATE_DIR"] = str(demo_state_dir())
    return env


async def _call(settings: Settings, room: str, options: Options, console: Console) -> int:
    """Let the synthetic caller call, and show the results."""
    invitation = invite(settings, room, "caller") if settings.room_owner == "ours" else await ask_in(settings)
    console.print("The caller joins and talks; this takes about a minute.")
    made = await call(
        invitation.url,
        invitation.token,
        stand_ins_url=settings.stand_ins_url,
        directory=options.directory,
        on_turn=lambda outcome: console.print(report.progress(outcome)),
    )
    report.show(console, made, options.directory)
    return 0 if made.ok else 1


async def _unless_died(children: list[Child], body: Coroutine[Any, Any, int | Literal[True]]) -> int:
    """Run the body; if a child ends on its own, cancel the body and raise that child's error."""
    tasks = [asyncio.create_task(body), *(asyncio.create_task(child.watch()) for child in children)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return await next(task for task in tasks if task in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
