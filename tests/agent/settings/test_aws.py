"""The usual variables of buckets."""

from __future__ import annotations

from agent.settings.aws import BucketAccess, bucket_access


def test_the_usual_variables_are_read() -> None:
    """The endpoint of S3 alone goes before that of all services."""
    environment = {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_DEFAULT_REGION": "r",
        "AWS_ENDPOINT_URL": "http://all",
        "AWS_ENDPOINT_URL_S3": "http://s3",
    }

    assert bucket_access(environment) == BucketAccess("k", "s", "t", "r", "http://s3")
    assert bucket_access({}) == BucketAccess("", "", "", "", "")
