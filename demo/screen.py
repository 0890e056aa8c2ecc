"""The demo's text on the terminal: which parts are real, and how to join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from agent.settings import Settings
    from demo.invitation import Invitation

PARTS: Final = {
    "deepgram": ("speech-to-text", "Deepgram", "pocketsphinx, a small recogniser"),
    "openai": ("language model", "OpenAI", "a script, not a language model"),
    "elevenlabs": ("text-to-speech", "ElevenLabs", "espeak-ng"),
    "liveavatar": ("avatar", "LiveAvatar", "a drawn face"),
}

HOSTED: Final = "in a room of LiveAvatar's own: it can't reach a server on this machine"


def show_parts(console: Console, settings: Settings, log_dir: Path, *, own_livekit: bool) -> None:
    """Print which parts are real and which are stand-ins, and where the logs are."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    server = "server started here" if own_livekit else "your server"
    where = f"{server}: {settings.livekit_url}" if settings.livekit_url else HOSTED
    table.add_row("rooms", "LiveKit", f"[green]real[/], {where}")
    for vendor, (does, name, stand_in) in PARTS.items():
        is_stand_in = vendor in settings.stand_ins
        table.add_row(does, name, f"[yellow]stand-in[/]: {stand_in}" if is_stand_in else "[green]real[/], by your key")
    table.add_row("logs", "", str(log_dir))
    console.print("\n[bold]A call with an avatar[/]", table, "", sep="\n")


def show_invitation(console: Console, page: str | None, invitation: Invitation | None) -> None:
    """Print how to join, what to say, and how to end the demo. Links and tokens are never broken into lines.

    Args:
        console: The terminal.
        page: The page's link; None if it could not be built.
        invitation: For other clients; None if only the page lets callers in.
    """
    if page is not None:
        console.print(
            f"[bold green]Open this page to call:  [link={page}]{page}[/link][/]\n", soft_wrap=True, highlight=False
        )
    console.print("[bold]Say[/] “What time is it in Tokyo?”, or “Tell me a story”, and interrupt it.\n")
    if invitation is not None:
        _show_other_ways(console, invitation, first="Or call" if page else "Call")
    console.print("[bold]Ctrl-C[/] ends everything.\n")


def _show_other_ways(console: Console, invitation: Invitation, *, first: str) -> None:
    console.print(f"[bold]{first}[/] from LiveKit Meet:")
    console.print(f"  [link={invitation.link}]{invitation.link}[/link]", soft_wrap=True, highlight=False)
    console.print(f"or, at {invitation.form} and in any other client, with")
    console.print(f"  URL    {invitation.url}", soft_wrap=True, highlight=False)
    console.print(f"  Token  {invitation.token}\n", soft_wrap=True, highlight=False)
