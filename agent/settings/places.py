"""Values of the settings for the places of reports, webhooks and recordings.

Functions take the text of one value and raise `ValueError`, with a reason that can follow the setting's name.
"""

import base64
import binascii
import re

from agent.settings.values import clean, key, path

# The address of an S3 bucket, with or without a prefix.
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s?#]*)?")

_SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret

# Bytes of a secret, from the Standard Webhooks specification.
_SHORTEST, _LONGEST = 24, 64


def report_store(value: str) -> str:
    """Clean the place of reports: a folder, or `s3://bucket/prefix`."""
    return bucket(value) if clean(value).lower().startswith("s3:") else str(path(value) or "")


def bucket(value: str) -> str:
    """Clean the address of a bucket: `s3://bucket/prefix`."""
    cleaned = clean(value).rstrip("/")
    if cleaned and not _BUCKET.fullmatch(cleaned):
        message = "is not a bucket: write s3://bucket or s3://bucket/prefix"
        raise ValueError(message)
    return cleaned


def webhook_secret(value: str) -> str:
    """Clean a secret of the Standard Webhooks scheme: `whsec_` and 24 to 64 bytes in base64."""
    cleaned = key(value)
    if not cleaned:
        return ""
    message = "must be whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32)"
    if not cleaned.startswith(_SECRET_PREFIX):
        raise ValueError(message)
    encoded = cleaned.removeprefix(_SECRET_PREFIX)
    try:
        length = len(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except binascii.Error:
        raise ValueError(message) from None
    if not _SHORTEST <= length <= _LONGEST:
        raise ValueError(message)
    return cleaned
