"""Loading the settings: every wrong or missing value is named at once, and no secret is shown."""

from pathlib import Path

import pytest

from agent.settings import SettingsError, complete_settings, load_settings
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
    """A key without its secret is missing, and so is a blank one."""
    complete.delenv("LIVEKIT_API_SECRET")
    complete.setenv("DEEPGRAM_API_KEY", "  ")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == ["LIVEKIT_API_SECRET", "DEEPGRAM_API_KEY"]


def test_wrong_values_are_named_together(complete: pytest.MonkeyPatch) -> None:
    """All wrong values are named by their variables, in one error."""
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


def test_a_memory_limit_that_would_end_every_call_is_refused(complete: pytest.MonkeyPatch) -> None:
    """The error says which values work."""
    complete.setenv("JOB_MEMORY_LIMIT", "100")
    with pytest.raises(SettingsError) as error:
        load_settings()

    assert error.value.problems == [
        "JOB_MEMORY_LIMIT: '100' is less than a call may take: give 200 or more, or 0 for no limit"
    ]


def test_limits_that_contradict_each_other_are_named(complete: pytest.MonkeyPatch) -> None:
    """One error names all of them, before a call is taken."""
    for name, value in {"MINUTES_PER_CALL": "30", "MINUTES_PER_DAY": "20", "NO_SLOT": "wait"}.items():
        complete.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        complete_settings()
    complete.setenv("MINUTES_PER_DAY", "30")
    complete.setenv("AVATAR_SLOTS", "2")

    assert error.value.problems == [
        "MINUTES_PER_CALL=30 is more than MINUTES_PER_DAY=20: no call could use its minutes",
        "NO_SLOT=wait needs AVATAR_SLOTS, the number of avatars that the account can have",
    ]
    assert complete_settings().avatar_slots == 2


def test_secrets_are_not_shown(complete: pytest.MonkeyPatch) -> None:
    """Settings and their errors show no secret."""
    complete.setenv("OPENAI_FALLBACK_API_KEY", "fallback secret")
    complete.setenv("DEEPGRAM_API_KEY", "'deepgram-secret")
    with pytest.raises(SettingsError) as error:
        load_settings()
    complete.setenv("OPENAI_FALLBACK_API_KEY", "fallback-secret")
    complete.setenv("DEEPGRAM_API_KEY", "deepgram-secret")

    assert error.value.problems == [
        "DEEPGRAM_API_KEY: the key has a quote in it: copy only the key",
        "OPENAI_FALLBACK_API_KEY: the key has a blank in it: copy only the key",
    ]
    assert "-secret" not in repr(load_settings())
    assert "-secret" not in repr((load_settings().vendors, load_settings().openai_fallback))
    assert "-secret" not in str(load_settings().model_dump())


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LLM_TIMEOUT", "8s", "LLM_TIMEOUT: '8s' is not a number: write it without a unit"),
        ("LLM_TIMEOUT", "0", "LLM_TIMEOUT: '0' must be more than 0"),
        ("DRAIN_TIMEOUT", "-1", "DRAIN_TIMEOUT: '-1' must be at least 0"),
        ("DRAIN_TIMEOUT", "1.5", "DRAIN_TIMEOUT: '1.5' is not a whole number: write digits only"),
        ("WEB_PORT", "99999", "WEB_PORT: '99999' must be at most 65535"),
        ("CHAT_TRANSCRIPT", "maybe", "CHAT_TRANSCRIPT: 'maybe' is neither true nor false"),
        ("ROOM_OWNER", "mine", "ROOM_OWNER: 'mine' must be 'ours' or 'liveavatar'"),
        ("LIVEKIT_URL", "ftp://x", "LIVEKIT_URL: 'ftp://x' begins with ftp://, and must begin with wss:// or ws://"),
        ("PERSONA", "x" * 99, f"PERSONA: there is no file {'x' * 99}"),
        ("TURN_DETECTION", "x " * 49 + "x", f"TURN_DETECTION: '{'x ' * 30}...' must be 'vad' or 'model'"),
        ("TURN_DETECTION", "sk_0123456789abcdef", "TURN_DETECTION: 'sk_0...' must be 'vad' or 'model'"),
        (
            "OPENAI_BASE_URL",
            "https://ada:secret@my host/v1",
            "OPENAI_BASE_URL: 'https://...@my host/v1' has a blank or a quote in it",
        ),
        ("LLM_TIMEOUT", "inf", "LLM_TIMEOUT: 'inf' must be a finite number"),
    ],
)
def test_a_refused_value_is_shown_with_the_reason(
    complete: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    """The problem is one sentence, in which long values are shortened."""
    complete.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert error.value.problems == [problem]


def test_swapped_livekit_keys_are_named(complete: pytest.MonkeyPatch) -> None:
    """LiveKit would only say that it does not know the key."""
    complete.setenv("LIVEKIT_API_KEY", "s" * 43)
    complete.setenv("LIVEKIT_API_SECRET", "APIabcdefghijkl")
    with pytest.raises(SettingsError, match="LIVEKIT_API_KEY and LIVEKIT_API_SECRET are swapped"):
        load_settings()


@pytest.mark.parametrize(
    "contents",
    ["OPENAI_MODEL=caf\u00e9\n".encode("latin-1"), "OPENAI_MODEL=x\n".encode("utf-16")],
)
def test_an_env_file_that_is_not_utf_8_is_named(complete: pytest.MonkeyPatch, tmp_path: Path, contents: bytes) -> None:
    """Old editors and PowerShell's redirection write such files."""
    (tmp_path / ".env").write_bytes(contents)
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8 text: save it as UTF-8"):
        load_settings()


def test_an_env_file_that_is_a_directory_is_named(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Docker creates a directory if a file that does not exist is mounted."""
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingsError, match=r"\.env can't be read: Is a directory"):
        load_settings()


def test_an_unsupported_proxy_is_named(complete: pytest.MonkeyPatch) -> None:
    """Otherwise it would fail during a call."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"):
        complete.delenv(name, raising=False)
    complete.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert error.value.problems == ["ALL_PROXY is a socks5 proxy: only http:// proxies can be used"]


def test_an_azure_resource_is_the_language_model(complete: pytest.MonkeyPatch) -> None:
    """The deployment's default name is the model's, and OpenAI's own key is not needed."""
    complete.delenv("OPENAI_API_KEY")
    complete.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    complete.setenv("AZURE_OPENAI_API_KEY", "azure-secret")
    complete.setenv("OPENAI_API_VERSION", "2024-10-21")
    complete.setenv("OPENAI_MODEL", "gpt-4o")
    azure = complete_settings().azure
    complete.setenv("AZURE_OPENAI_DEPLOYMENT", "our-model")
    named = complete_settings().azure

    assert azure is not None
    assert (azure.endpoint, azure.deployment, azure.api_version) == (
        "https://mine.openai.azure.com",
        "gpt-4o",
        "2024-10-21",
    )
    assert named is not None
    assert named.deployment == "our-model"
    assert "azure-secret" not in repr(azure)


def test_an_incomplete_azure_resource_is_named(complete: pytest.MonkeyPatch) -> None:
    """The client library would only fail at the first call; another server's address as well is a contradiction."""
    complete.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
    complete.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == [
        "AZURE_OPENAI_API_KEY",
        "OPENAI_API_VERSION",
        "OPENAI_BASE_URL",
    ]


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
    """Without either there is no second model; your own server needs no key, and OpenAI no address."""
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
    """The stand-in has no speech, so a key is required."""
    complete.setenv("FALLBACK_STT", "openai")
    complete.setenv("FALLBACK_TTS", "openai")
    assert complete_settings().fallback_tts == "openai"
    complete.delenv("OPENAI_API_KEY")
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:7900")
    with pytest.raises(SettingsError) as error:
        complete_settings()

    assert [problem.split(" ")[0] for problem in error.value.problems] == ["FALLBACK_STT=openai", "FALLBACK_TTS=openai"]


def test_the_avatar_id_comes_from_setting_persona_or_sandbox(complete: pytest.MonkeyPatch) -> None:
    """The setting takes precedence over the persona's; a sandbox session has its own avatar."""
    assert complete_settings().avatar_id("of-the-persona") == "an-avatar"
    complete.delenv("LIVEAVATAR_AVATAR_ID")
    assert complete_settings(of_persona="of-the-persona").avatar_id("of-the-persona") == "of-the-persona"
    complete.setenv("LIVEAVATAR_SANDBOX", "true")
    assert complete_settings().avatar_id() == SANDBOX_AVATAR_ID


def test_the_example_names_every_setting() -> None:
    """`.env.example` has each setting."""
    example = (Path(__file__).parents[3] / ".env.example").read_text()

    assert [name for name in type(load_settings()).model_fields if f"{name.upper()}=" not in example] == []


def test_liveavatars_rooms_need_no_livekit_server(complete: pytest.MonkeyPatch) -> None:
    """A call can be made without LiveKit's keys, but not without LiveAvatar's."""
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
    """Each call would pay for a session that fails; the error names the alternatives, and each of them works."""
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
def test_a_local_avatar_service_uses_the_workers_livekit_address(
    complete: pytest.MonkeyPatch, service: dict[str, str]
) -> None:
    """A stand-in or your own server reaches the internal address, and needs no public one."""
    complete.setenv("LIVEKIT_URL", "ws://livekit:7880")
    complete.setenv("LIVEKIT_PUBLIC_URL", "ws://127.0.0.1:7880")
    for name, value in service.items():
        complete.setenv(name, value)

    assert complete_settings().avatars_url == "ws://livekit:7880"


@pytest.mark.parametrize("path", ["", "/", "/v1/sessions"])
def test_the_avatars_service_has_one_address(complete: pytest.MonkeyPatch, path: str) -> None:
    """It is recognised as LiveAvatar's, by default and with or without a path."""
    assert complete_settings().is_avatar_remote
    complete.setenv("LIVEAVATAR_API_URL", f"https://api.liveavatar.com{path}")
    settings = complete_settings()

    assert settings.is_avatar_remote
    assert settings.avatar_service_url == "https://api.liveavatar.com"


def test_a_drain_can_not_be_negative(complete: pytest.MonkeyPatch) -> None:
    """The error names the setting."""
    complete.setenv("DRAIN_TIMEOUT", "-1")
    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert [problem.split(":")[0] for problem in raised.value.problems] == ["DRAIN_TIMEOUT"]


def test_a_forgotten_tab_has_an_avatar_for_five_minutes(complete: pytest.MonkeyPatch) -> None:
    """This is the default for a call without a word."""
    assert complete_settings().avatar_idle_seconds == 300.0


def test_calls_are_recorded_where_the_setting_says(complete: pytest.MonkeyPatch) -> None:
    """`~` is expanded; without the setting nothing is recorded."""
    assert load_settings().liveavatar_record is None
    complete.setenv("LIVEAVATAR_RECORD", '"~/recordings"  # for a report')

    assert load_settings().liveavatar_record == Path.home() / "recordings"


def test_a_flux_model_detects_the_end_of_a_turn_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other models leave it to voice activity detection, or to a turn detector."""
    monkeypatch.setenv("DEEPGRAM_MODEL", "flux-general-en  # the newest")

    assert load_settings().has_own_turns
    monkeypatch.delenv("DEEPGRAM_MODEL")
    assert not load_settings().has_own_turns
