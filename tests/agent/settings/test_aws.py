"""The usual variables for access to buckets."""

from __future__ import annotations

from agent.settings.aws import BucketAccess, bucket_access


def test_the_usual_variables_are_read() -> None:
    """The endpoint for S3 alone takes precedence over the one for all services."""
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
