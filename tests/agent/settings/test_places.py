"""Where reports, webhooks and recordings go."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import Settings
from agent.settings.places import bucket, report_store, webhook_secret


def test_reports_go_to_a_folder_or_a_bucket() -> None:
    """Quotes, `~` and comments are accepted in a path."""
    assert report_store("'~/reports' # mine") == str(Path.home() / "reports")
    assert report_store("s3://calls/of/mine/") == "s3://calls/of/mine"
    assert (report_store(""), bucket("")) == ("", "")


@pytest.mark.parametrize("value", ["s3://", "s3://a", "https://calls", "s3://calls?x=1", "s3:/calls", "S3://Calls"])
def test_a_malformed_bucket_is_refused(value: str) -> None:
    """The error has an example."""
    with pytest.raises(ValueError, match="write s3://bucket"):
        bucket(value)


@pytest.mark.parametrize("value", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!" + "a" * 40, "whsec_" + "a" * 88])
def test_a_webhook_secret_has_the_form_of_the_scheme(value: str) -> None:
    """A shorter one could be guessed; the error says how to make one."""
    with pytest.raises(ValueError, match="openssl rand"):
        webhook_secret(value)


@pytest.mark.parametrize("value", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "YWJj" * 10 + "YWI"])
def test_a_secret_may_lack_its_padding(value: str) -> None:
    """The scheme's library accepts it, too."""
    assert webhook_secret(f'"{value}"') == value
    assert webhook_secret("") == ""


def test_by_default_nothing_is_kept_or_sent() -> None:
    """A report that is kept has the words of the call by default, but not what its tools were given."""
    settings = Settings.model_validate({})

    assert (settings.reports, settings.webhook_url, settings.record) == ("", "", "")
    assert (settings.report_transcript, settings.report_tools) == ("full", "names")
