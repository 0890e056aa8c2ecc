"""The usual AWS_ variables, for services that can't read them here: LiveKit's egress writes recordings elsewhere."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """How a bucket is reached; empty for what is not set.

    Attributes:
        key: Id of the access key.
        secret: Of the key.
        session_token: Of a temporary key.
        region: Of the bucket.
        endpoint: Of another service than AWS, such as MinIO.
    """

    key: str
    secret: str
    session_token: str
    region: str
    endpoint: str


def bucket_access(environment: Mapping[str, str] = os.environ) -> BucketAccess:
    """Read how buckets are reached."""
    return BucketAccess(
        key=environment.get("AWS_ACCESS_KEY_ID", ""),
        secret=environment.get("AWS_SECRET_ACCESS_KEY", ""),
        session_token=environment.get("AWS_SESSION_TOKEN", ""),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", ""),
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", ""),
    )
