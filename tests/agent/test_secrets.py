"""Settings never show their secrets."""

import traceback

import pytest

from agent.settings import SettingsError, complete_settings, load_settings

SECRETS = ("-secret", "livekit-secret-of-more-than-32-characters")


def test_settings_and_vendors_do_not_show_their_keys(complete: pytest.MonkeyPatch) -> None:
    """Keys are neither printed nor serialised."""
    settings = complete_settings()
    shown = f"{settings} {settings!r} {settings.vendors} {settings.model_dump()} {settings.model_dump_json()}"

    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize("name", ["LIVEAVATAR_VIDEO_QUALITY", "DRAIN_TIMEOUT", "LLM_TIMEOUT"])
def test_a_traceback_of_wrong_settings_shows_no_key(complete: pytest.MonkeyPatch, name: str) -> None:
    """A key in the wrong line of `.env` is not printed to the terminal."""
    complete.setenv(name, "a-misplaced-secret")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    shown = "".join(traceback.format_exception(caught.value))

    assert name in shown
    assert not [secret for secret in SECRETS if secret in f"{shown} {caught.value!r} {vars(caught.value)}"]
