"""Settings: every wrong or missing value is named at once, and no secret is shown."""

from pathlib import Path

import pytest

from agent.settings import SettingsError, complete_settings, load_settings, read_env_file
from avatar import SANDBOX_AVATAR_ID


def test_everything_missing_is_named_in_one_error() -> None:
    """With nothing set, one error names each variable and where to get its value."""
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == [
        "LIVEKIT_URL",
        "LIVEKIT_API_KEY",
        "LIVEKIT_API_SECRET",
        "DEEPGRAM_API_KEY",
        "OPENAI_API_KEY",
        "ELEVEN_API_KEY",
        "LIVEAVATAR_API_KEY",
        "LIVEAVATAR_AVATAR_ID",
    ]


def test_half_a_key_is_named(complete: pytest.MonkeyPatch) -> None:
    """A key without its secret, or of blanks, is missing."""
    complete.delenv("LIVEKIT_API_SECRET")
    complete.setenv("DEEPGRAM_API_KEY", "  ")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == ["LIVEKIT_API_SECRET", "DEEPGRAM_API_KEY"]


def test_wrong_values_are_named_together(complete: pytest.MonkeyPatch) -> None:
    """What can't be used is told by the variable's name, all of it at once."""
    complete.setenv("LIVEAVATAR_SANDBOX", "maybe")
    complete.setenv("LIVEAVATAR_VIDEO_QUALITY", "ultra")
    complete.setenv("DRAIN_TIMEOUT", "soon")
    with pytest.raises(SettingsError) as error:
        load_settings()

    assert {problem.split(":")[0] for problem in error.value.problems} == {
        "LIVEAVATAR_SANDBOX",
        "LIVEAVATAR_VIDEO_QUALITY",
        "DRAIN_TIMEOUT",
    }


def test_secrets_are_not_shown(complete: pytest.MonkeyPatch) -> None:
    """Neither the settings nor an error about them carry a secret."""
    complete.setenv("OPENAI_FALLBACK_API_KEY", "fallback-secret")
    complete.setenv("LIVEAVATAR_VIDEO_QUALITY", "ultra-secret")
    with pytest.raises(SettingsError) as error:
        load_settings()
    complete.delenv("LIVEAVATAR_VIDEO_QUALITY")

    assert "secret" not in str(error.value)
    assert "-secret" not in repr(load_settings())
    assert "-secret" not in repr((load_settings().vendors, load_settings().openai_fallback))
    assert "-secret" not in str(load_settings().model_dump())


def test_each_vendor_is_chosen_by_its_own_key(complete: pytest.MonkeyPatch) -> None:
    """With stand-ins at hand, exactly the vendors without a key are stand-ins."""
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:7900/")
    complete.delenv("DEEPGRAM_API_KEY")
    complete.delenv("LIVEAVATAR_API_KEY")
    settings = complete_settings()

    assert settings.stand_ins == ["deepgram", "liveavatar"]
    assert settings.deepgram.url == "http://127.0.0.1:7900/deepgram/v1/listen"
    assert settings.liveavatar.url == "http://127.0.0.1:7900/liveavatar"
    assert settings.elevenlabs.url is None


def test_a_server_of_your_own_needs_no_openai_key(complete: pytest.MonkeyPatch) -> None:
    """A base URL makes the language model real, with or without a key."""
    complete.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    complete.delenv("OPENAI_API_KEY")
    settings = complete_settings()

    assert settings.openai.url == "http://localhost:11434/v1"
    assert settings.openai.key.get_secret_value()
    assert not settings.openai.is_stand_in


def test_a_second_language_model_needs_a_key_or_a_server(complete: pytest.MonkeyPatch) -> None:
    """Without either there is none; a server of one's own needs no key, and OpenAI no address."""
    assert load_settings().openai_fallback is None
    complete.setenv("OPENAI_FALLBACK_BASE_URL", "http://localhost:8080/v1")
    own = load_settings().openai_fallback
    complete.delenv("OPENAI_FALLBACK_BASE_URL")
    complete.setenv("OPENAI_FALLBACK_API_KEY", "another-secret")
    theirs = load_settings().openai_fallback

    assert own is not None
    assert (own.url, bool(own.key.get_secret_value())) == ("http://localhost:8080/v1", True)
    assert theirs is not None
    assert (theirs.url, theirs.key.get_secret_value()) == (None, "another-secret")


def test_speech_can_only_fall_back_to_a_real_openai(complete: pytest.MonkeyPatch) -> None:
    """The stand-in has no speech: a second ear or voice is told to need a key."""
    complete.setenv("FALLBACK_STT", "openai")
    complete.setenv("FALLBACK_TTS", "openai")
    assert complete_settings().fallback_tts == "openai"
    complete.delenv("OPENAI_API_KEY")
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:7900")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == ["FALLBACK_STT=openai", "FALLBACK_TTS=openai"]


def test_the_avatar_id_comes_from_setting_persona_or_sandbox(complete: pytest.MonkeyPatch) -> None:
    """The setting goes before the persona's; a sandbox session has an avatar of its own."""
    assert complete_settings().avatar_id("of-the-persona") == "an-avatar"
    complete.delenv("LIVEAVATAR_AVATAR_ID")
    assert complete_settings(of_persona="of-the-persona").avatar_id("of-the-persona") == "of-the-persona"
    complete.setenv("LIVEAVATAR_SANDBOX", "true")
    assert complete_settings().avatar_id() == SANDBOX_AVATAR_ID


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` fills what is not set."""
    (tmp_path / ".env").write_text("LIVEKIT_URL=ws://from-the-file\nDEEPGRAM_MODEL=nova-2\n")
    monkeypatch.setenv("LIVEKIT_URL", "ws://from-the-environment")
    monkeypatch.setenv("DEEPGRAM_MODEL", "to be removed")
    monkeypatch.delenv("DEEPGRAM_MODEL")
    before = read_env_file()
    settings = load_settings()

    assert (settings.livekit_url, settings.deepgram_model) == ("ws://from-the-environment", "nova-2")
    assert before["LIVEKIT_URL"] == "ws://from-the-environment"
    assert "DEEPGRAM_MODEL" not in before


def test_the_example_names_every_setting() -> None:
    """A person finds each setting, with a word about it, in `.env.example`."""
    example = (Path(__file__).parents[2] / ".env.example").read_text()

    assert [name for name in type(load_settings()).model_fields if f"{name.upper()}=" not in example] == []


def test_rooms_of_liveavatars_need_no_livekit_server_of_yours(complete: pytest.MonkeyPatch) -> None:
    """Without its keys a call can be made; without LiveAvatar's none can."""
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        complete.delenv(name)
    complete.setenv("ROOM_OWNER", "liveavatar")
    assert complete_settings().room_owner == "liveavatar"

    complete.delenv("LIVEAVATAR_API_KEY")
    with pytest.raises(SettingsError) as raised:
        complete_settings()
    assert [problem.split()[0] for problem in raised.value.problems] == ["LIVEAVATAR_API_KEY"]


@pytest.mark.parametrize("name", ["LIVEKIT_URL", "LIVEKIT_PUBLIC_URL"])
def test_a_room_that_liveavatar_can_not_reach_is_a_problem(complete: pytest.MonkeyPatch, name: str) -> None:
    """Each call would buy a session for nothing; the ways out are named, and are ways out."""
    complete.setenv(name, "ws://livekit:7880")
    with pytest.raises(SettingsError) as raised:
        complete_settings()
    [problem] = raised.value.problems
    assert problem.startswith(f"{name}: ")
    assert all(way in problem for way in ("LiveKit Cloud", "LIVEKIT_PUBLIC_URL", "ROOM_OWNER=liveavatar"))

    complete.setenv("LIVEKIT_PUBLIC_URL", "wss://livekit.example.com")
    assert complete_settings().avatars_url == "wss://livekit.example.com"
    complete.delenv("LIVEKIT_PUBLIC_URL")
    complete.setenv("LIVEKIT_URL", "ws://livekit:7880")
    complete.setenv("ROOM_OWNER", "liveavatar")
    assert complete_settings().room_owner == "liveavatar"


@pytest.mark.parametrize(
    "service",
    [
        {"LIVEAVATAR_API_URL": "http://127.0.0.1:7900/liveavatar"},
        {"LIVEAVATAR_API_KEY": "", "STAND_INS_URL": "http://127.0.0.1:7900"},
    ],
)
def test_a_service_beside_the_worker_joins_where_the_worker_does(
    complete: pytest.MonkeyPatch, service: dict[str, str]
) -> None:
    """A stand-in, and a server of one's own, reach the inner address and need no public one."""
    complete.setenv("LIVEKIT_URL", "ws://livekit:7880")
    complete.setenv("LIVEKIT_PUBLIC_URL", "ws://127.0.0.1:7880")
    for name, value in service.items():
        complete.setenv(name, value)

    assert complete_settings().avatars_url == "ws://livekit:7880"


@pytest.mark.parametrize("path", ["", "/", "/v1/sessions"])
def test_the_avatars_service_has_one_address(complete: pytest.MonkeyPatch, path: str) -> None:
    """With or without a path, said or left out, LiveAvatar is LiveAvatar."""
    assert complete_settings().is_avatar_remote
    complete.setenv("LIVEAVATAR_API_URL", f"https://api.liveavatar.com{path}")
    settings = complete_settings()

    assert settings.is_avatar_remote
    assert settings.avatar_service_url == "https://api.liveavatar.com"


def test_a_drain_can_not_be_negative(complete: pytest.MonkeyPatch) -> None:
    """Nor can a worker be told to wait for less than no time."""
    complete.setenv("DRAIN_TIMEOUT", "-1")
    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert [problem.split(":")[0] for problem in raised.value.problems] == ["DRAIN_TIMEOUT"]


def test_a_forgotten_tab_has_a_face_for_five_minutes(complete: pytest.MonkeyPatch) -> None:
    """That long without a word, where nothing else is set."""
    assert complete_settings().avatar_idle_seconds == 300.0
