"""Keeps the files of reports in a folder or in a bucket that speaks S3's protocol."""

import asyncio
from pathlib import Path

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, from_url

from agent.reports.outbox import Item
from agent.reports.webhook import DELIVERED, Outcome, Verdict

# Prefix of a bucket's address.
BUCKET = "s3://"

# Seconds for one file to be written.
WRITE_TIMEOUT = 30.0

_REFUSED = (
    "the bucket refuses the key: are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION right, and may it write?"
)

_GONE = "there is no such bucket or folder: create it, or name another one in REPORTS"


def whole_address(store: str) -> str:
    """Return the address of a store, a folder as its absolute path, which any process can use."""
    return store if not store or store.startswith(BUCKET) else str(Path(store).absolute())


def address_of(store: str, name: str) -> str:
    """Return the address of a file in a store."""
    return f"{store.rstrip('/')}/{name}"


def open_store(address: str) -> ObjectStore:
    """Open a store; a bucket gets no request yet.

    The library reads a bucket's key, region and endpoint from the usual AWS_ variables.

    Args:
        address: A folder, which is created, or `s3://bucket/prefix`.

    Raises:
        ValueError: It can't be opened; the message says why.
    """
    try:
        if not address.startswith(BUCKET):
            return LocalStore(Path(address), mkdir=True)
        return from_url(
            address,
            client_options={"allow_http": True, "timeout": f"{WRITE_TIMEOUT:.0f}s"},
            retry_config={"max_retries": 0},  # the outbox tries again
        )
    except (BaseError, OSError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


async def write_file(store: ObjectStore, item: Item) -> Outcome:
    """Write a file, whole or not at all: in a folder by a rename, in a bucket by one request."""
    try:
        async with asyncio.timeout(WRITE_TIMEOUT):
            await store.put_async(item.name, item.body)
    except (PermissionDeniedError, UnauthenticatedError) as error:
        return Outcome(Verdict.RETRY, type(error).__name__, _REFUSED)
    except FileNotFoundError as error:
        return Outcome(Verdict.RETRY, type(error).__name__, _GONE)
    except (BaseError, OSError, TimeoutError) as error:
        return Outcome(Verdict.RETRY, type(error).__name__)
    return DELIVERED
