"""The usual AWS_ variables, for LiveKit's egress, which runs elsewhere and can't read them here."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """Access to a bucket; fields that are not set are empty.

    Attributes:
        key: Id of the access key.
        secret: Secret of the access key.
        session_token: Token of a temporary key.
        region: The bucket's region.
        endpoint: URL of another service than AWS, such as MinIO.
    """

    key: str
    secret: str
    session_token: str
    region: str
    endpoint: str


def bucket_access(environment: Mapping[str, str] = os.environ) -> BucketAccess:
    """Read the access to buckets."""
    return BucketAccess(
        key=environment.get("AWS_ACCESS_KEY_ID", ""),
        secret=environment.get("AWS_SECRET_ACCESS_KEY", ""),
        session_token=environment.get("AWS_SESSION_TOKEN", ""),
        region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", ""),
        endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", ""),
    )
