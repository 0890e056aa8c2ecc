"""The command `sessions`: lists the running avatar sessions with their owners, and stops them."""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

import typer

from agent.sessions.sweeper import avatar_service, open_journal
from agent.settings import Settings, SettingsError, load_settings
from agent.settings.state_dir import demo_state_dir
from avatar import AvatarError
from avatar.sessions.journal import SessionJournal
from avatar.sessions.port import Journal, JournalEntry

app = typer.Typer(help="List running avatar sessions, and stop them.", invoke_without_command=True)

_COLUMNS = ("SESSION", "ROOM", "AGE", "OWNER", "STATE", "SERVICE")


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as this machine and the service know it.

    Attributes:
        session_id: The service's id.
        room: Name of the LiveKit room.
        seconds: Its age; None if it is unknown.
        owner: `alive` or `dead` as in the journal, `unknown` if it was not started on this machine.
        state: Its state in the journal; empty if it is not there.
        service: What the service answered, `runs` or `gone`; `not asked`; or the address of another service.
    """

    session_id: str
    room: str
    seconds: float | None
    owner: Literal["alive", "dead", "unknown"]
    state: str
    service: str

    @property
    def may_be_in_use(self) -> bool:
        """True unless the process that started it is known to be dead."""
        return self.owner != "dead"

    @property
    def is_elsewhere(self) -> bool:
        """True if the settings name another service."""
        return "://" in self.service


@app.callback()
def list_sessions(
    ctx: typer.Context,
    *,
    remote: Annotated[
        bool | None, typer.Option(help="Ask the service too; the default if LIVEAVATAR_API_KEY is set.")
    ] = None,
) -> None:
    """List running avatar sessions, or stop them."""
    if ctx.invoked_subcommand is not None:
        return
    settings = load_settings()
    listed = _list(settings, open_journal(settings), remote=_has_key(settings) if remote is None else remote)
    for line in _table(listed) if listed else ["no avatar session runs"]:
        typer.echo(line)


@app.command()
def stop(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="All whose process is dead.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All listed sessions.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Stop sessions in use too.")] = False,
) -> None:
    """Stop avatar sessions: the named ones, --dead, or --all; those that may be in use only with --force."""
    if sum((bool(ids), dead, every)) != 1:
        message = "name sessions, or give --dead or --all"
        raise typer.BadParameter(message)
    settings = load_settings()
    journal = open_journal(settings)
    listed = _list(settings, journal, remote=True)
    chosen = _named(listed, set(ids)) if ids else [each for each in listed if not each.is_elsewhere]
    if dead:
        chosen = [each for each in chosen if not each.may_be_in_use]
    refused = [each.session_id for each in chosen if not _may_stop(each, force=force)]
    left = [each.session_id for each in chosen if each.session_id not in refused]
    if not asyncio.run(_stop(settings, journal, left)) or refused or len(chosen) < len(set(ids or ())):
        raise typer.Exit(1)


def _noted(journal: Journal) -> list[tuple[Journal, JournalEntry]]:
    """Return the sessions of this machine's journal, and of running demos, whose stand-in has a separate journal.

    Sessions of a killed demo are left out: its stand-in is gone too, and they cost nothing.
    """
    noted = [(journal, entry) for entry in journal.entries()]
    if not os.access(demo_state_dir(), os.W_OK):
        return noted
    demo = SessionJournal(demo_state_dir())
    return noted + [(demo, entry) for entry in demo.entries() if demo.is_owned(entry)]


def _list(settings: Settings, journal: Journal, *, remote: bool) -> list[Listed]:
    """List all sessions.

    Raises:
        SettingsError: There is no key to ask the service with.
        typer.Exit: The service did not answer; the reason was printed.
    """
    if remote and not _has_key(settings):
        raise SettingsError(["LIVEAVATAR_API_KEY is missing: the service can't be asked without it"])
    try:
        return asyncio.run(_listed(settings, journal, remote=remote))
    except AvatarError as error:
        typer.echo(f"{error}\n--no-remote lists what this machine knows", err=True)
        raise typer.Exit(1) from None


async def _listed(settings: Settings, journal: Journal, *, remote: bool) -> list[Listed]:
    """Return the sessions of the journals, then those that only the service knows."""
    noted = await asyncio.to_thread(_noted, journal)
    async with avatar_service(settings) as api:
        running = await api.active_sessions() if remote else []
    ids = {each.session_id for each in running} if remote else None
    known = [_of_journal(by, entry, _at_service(entry, api.url, ids)) for by, entry in noted]
    others = [each for each in running if each.session_id not in {entry.session_id for _, entry in noted}]
    return known + [Listed(each.session_id, "", each.duration, "unknown", "", "runs") for each in others]


def _of_journal(journal: Journal, entry: JournalEntry, service: str) -> Listed:
    owner: Literal["alive", "dead"] = "alive" if journal.is_owned(entry) else "dead"
    return Listed(entry.session_id, entry.room, time.time() - entry.made_at, owner, entry.state, service)


def _at_service(entry: JournalEntry, url: str, running: set[str] | None) -> str:
    if entry.api_url != url:
        return entry.api_url
    if running is None:
        return "not asked"
    return "runs" if entry.session_id in running else "gone"


def _named(listed: list[Listed], ids: set[str]) -> list[Listed]:
    known = {each.session_id: each for each in listed}
    for session_id in sorted(ids - known.keys()):
        typer.echo(f"{session_id} does not run", err=True)
    return [known[session_id] for session_id in sorted(ids & known.keys())]


def _may_stop(session: Listed, *, force: bool) -> bool:
    """Return whether a session may be stopped from here; if not, print the reason."""
    why = ""
    if session.is_elsewhere:
        why = f"is a session of {session.service}: set LIVEAVATAR_API_URL, and the key that goes with it"
    elif session.owner == "alive" and not force:
        why = "is in use; --force stops it anyway"
    elif session.owner == "unknown" and not force:
        why = "was not started on this machine and may be in use; --force stops it anyway"
    if why:
        typer.echo(f"{session.session_id} {why}", err=True)
    return not why


async def _stop(settings: Settings, journal: Journal, ids: list[str]) -> bool:
    """Stop sessions and print a line for each; return True if all of them are stopped."""
    failed = False
    async with avatar_service(settings, journal) as api:
        for session_id in ids:
            try:
                await api.stop(session_id)
                typer.echo(f"{session_id} stopped")
            except AvatarError as error:
                failed = True
                typer.echo(f"{session_id} could not be stopped: {error}", err=True)
    return not failed


def _table(listed: list[Listed]) -> list[str]:
    rows = [_COLUMNS, *map(_cells, listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(session: Listed) -> tuple[str, ...]:
    age = "-" if session.seconds is None else str(timedelta(seconds=round(session.seconds)))
    return (session.session_id, session.room or "-", age, session.owner, session.state or "-", session.service)


def _has_key(settings: Settings) -> bool:
    return bool(settings.liveavatar.key.get_secret_value())
