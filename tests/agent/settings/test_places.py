"""Where reports, webhooks and recordings go."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import Settings
from agent.settings.places import bucket, report_store, webhook_secret


def test_reports_go_to_a_folder_or_a_bucket() -> None:
    """Written as people write paths."""
    assert report_store("'~/reports' # mine") == str(Path.home() / "reports")
    assert report_store("s3://calls/of/mine/") == "s3://calls/of/mine"
    assert (report_store(""), bucket("")) == ("", "")


@pytest.mark.parametrize("value", ["s3://", "s3://a", "https://calls", "s3://calls?x=1", "s3:/calls", "S3://Calls"])
def test_what_is_no_bucket_is_refused(value: str) -> None:
    """With an example."""
    with pytest.raises(ValueError, match="write s3://bucket"):
        bucket(value)


@pytest.mark.parametrize("value", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!" + "a" * 40, "whsec_" + "a" * 88])
def test_a_secret_has_the_form_of_the_scheme(value: str) -> None:
    """A shorter one would be guessed; how to make one is told."""
    with pytest.raises(ValueError, match="openssl rand"):
        webhook_secret(value)


@pytest.mark.parametrize("value", ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "YWJj" * 10 + "YWI"])
def test_a_secret_may_lack_its_padding(value: str) -> None:
    """As the scheme's library takes it."""
    assert webhook_secret(f'"{value}"') == value
    assert webhook_secret("") == ""


def test_nothing_is_kept_or_sent_without_a_setting() -> None:
    """And a report that is kept has the words, but not what tools were given."""
    settings = Settings.model_validate({})

    assert (settings.reports, settings.webhook_url, settings.record) == ("", "", "")
    assert (settings.report_transcript, settings.report_tools) == ("full", "names")
