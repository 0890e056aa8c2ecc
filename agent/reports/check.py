"""Finds, when the worker starts, problems that would prevent reports, webhooks and recordings."""

import logging
import os

from agent.reports.outbox import OutboxError, ReportOutbox
from agent.reports.prices import DEFAULT_PRICES, load_prices
from agent.reports.store import BUCKET, open_store, whole_address
from agent.reports.webhook import webhook_problem
from agent.settings import Settings, SettingsError
from agent.settings.state_dir import temporary_state_dir

logger = logging.getLogger("agent")

_NAME = "outbox"


def outbox_of(settings: Settings) -> ReportOutbox:
    """Return the outbox of this machine."""
    return ReportOutbox(settings.state_dir / _NAME)


def open_outbox(settings: Settings) -> ReportOutbox:
    """Open the outbox, and check everything that can be checked without a request.

    Raises:
        SettingsError: Something is wrong; it names all problems.
    """
    problems = [*_store_problems(settings), *_webhook_problems(settings), *_recording_problems(settings)]
    try:
        load_prices(settings.prices or DEFAULT_PRICES)
    except SettingsError as error:
        problems += error.problems
    outbox = outbox_of(settings)
    try:
        outbox.prepare()
    except OutboxError as error:
        problems.append(f"STATE_DIR: {error} - name a directory that can be written")
    if problems:
        raise SettingsError(problems)
    if (settings.reports or settings.webhook_url) and settings.state_dir == temporary_state_dir():
        message = "undelivered reports and events are in a temporary directory and may be lost with it; set STATE_DIR"
        logger.warning(message, extra={"state_dir": str(settings.state_dir)})
    return outbox


def _store_problems(settings: Settings) -> list[str]:
    address = whole_address(settings.reports)
    if not address:
        return []
    try:
        open_store(address)
    except ValueError as error:
        return [f"REPORTS: {address} can't be opened: {error}"]
    if not address.startswith(BUCKET) and not os.access(address, os.W_OK):
        return [f"REPORTS: {address} can't be written: name another folder"]
    return []


def _webhook_problems(settings: Settings) -> list[str]:
    if not settings.webhook_url:
        return []
    problems = []
    if problem := webhook_problem(settings.webhook_url, loopback=settings.webhook_loopback, is_trusted=True):
        problems.append(f"WEBHOOK_URL: {problem}")
    if not settings.webhook_secret.get_secret_value():
        hint = "make one with `echo whsec_$(openssl rand -base64 32)` and give it to the receiver"
        problems.append(f"WEBHOOK_SECRET is missing: {hint}")
    return problems


def _recording_problems(settings: Settings) -> list[str]:
    if settings.record and settings.room_owner != "ours":
        return ["RECORD needs ROOM_OWNER=ours: LiveKit's egress records only rooms of your own project"]
    return []
