"""Values as people write them: how they are corrected, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.settings import values

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("high", "high"),
        (" high\t", "high"),
        ("\ufeffhigh\u00a0\u200b", "high"),
        ('"high"', "high"),
        ("'high'", "high"),
        ("\u201chigh\u201d", "high"),
        ("\u201ehigh\u201c", "high"),
        ("\u00abhigh\u00bb", "high"),
        ("\u300chigh\u300d", "high"),
        ("\u2019high\u2019", "high"),
        ("\uff02high\uff02", "high"),
        ("\u3000high\u2060\r", "high"),
        ('"high",', "high"),
        ("'high';  # 720p", "high"),
        ("LIVEAVATAR_VIDEO_QUALITY=high", "high"),
        ("export LIVEAVATAR_VIDEO_QUALITY='high'", "high"),
        ("'\"high\"'", "high"),
        ("'high'#720p", "high"),
        ('"high"#720p\r\n', "high"),
        ("high\\n", "high"),
        ("high\\r\\n", "high"),
        ("set LIVEAVATAR_VIDEO_QUALITY=high", "high"),
        ('$env:LIVEAVATAR_VIDEO_QUALITY = "high"', "high"),
        ("ENV LIVEAVATAR_VIDEO_QUALITY=high", "high"),
        ("-e LIVEAVATAR_VIDEO_QUALITY=high", "high"),
        ("- LIVEAVATAR_VIDEO_QUALITY=high", "high"),
        ("LIVEAVATAR_VIDEO_QUALITY: 'high'", "high"),
        ("A_B==high", "A_B==high"),
        ("my_word=high", "my_word=high"),
        ("high # 720p", "high"),
        ("high #720p", "high"),
        ('"high"  # 720p', "high"),
        ("'a # b' # c", "a # b"),
        ('"it\'s"', "it's"),
        ("a#b", "a#b"),
        ("#b", "#b"),
        ("# not set", ""),
        ("#", ""),
        ('""', ""),
        ("", ""),
        ('"half', '"half'),
        ('"one" "two"', '"one" "two"'),
    ],
)
def test_quotes_spaces_and_comments_are_removed(written: str, meant: str) -> None:
    """python-dotenv does the same for values that come through it."""
    assert values.clean(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sk-0123", "sk-0123"),
        ("Bearer sk-0123", "sk-0123"),
        ("'token sk-0123'", "sk-0123"),
        ("Token 'sk-0123'", "sk-0123"),
        ("Authorization: Bearer sk-0123", "sk-0123"),
        ("xi-api-key: sk-0123", "sk-0123"),
        ("X-API-KEY:sk-0123 # mine", "sk-0123"),
        ("OPENAI_API_KEY=sk-0123", "sk-0123"),
        ("OPENAI_API_KEY: sk-0123", "sk-0123"),
        ("export OPENAI_API_KEY='sk-0123'", "sk-0123"),
        ('"Authorization": "Bearer sk-0123",', "sk-0123"),
        ("Bearer: sk-0123", "sk-0123"),
        ("api-key sk-0123", "sk-0123"),
        ("sk-0123;", "sk-0123"),
        ("'sk-0123'#mine", "sk-0123"),
        ("sk-0123\\n", "sk-0123"),
        ("$env:OPENAI_API_KEY='sk-0123'", "sk-0123"),
        ("-H 'Authorization: Token sk-0123'", "sk-0123"),
        ('-H "xi-api-key: sk-0123"', "sk-0123"),
        ("c2VjcmV0LWtleQkey==", "c2VjcmV0LWtleQkey=="),
        ("my-basic-token-0123", "my-basic-token-0123"),
        ("tokenless", "tokenless"),
        ("", ""),
    ],
)
def test_a_key_is_extracted_from_the_header_it_was_copied_with(written: str, meant: str) -> None:
    """This holds for any vendor's header."""
    assert values.key(written) == meant


@pytest.mark.parametrize(
    ("written", "oddity"),
    [
        ("Bearer", "is the word Bearer without a key"),
        ('"Token"', "is the word Token without a key"),
        ("sk-01 23", "has a blank in it"),
        ('sk-01"23', "has a quote in it"),
        ('"sk-0123', "has a quote in it"),
        ("sk-\u20260123", "is shortened"),
        ("sk-...0123", "is shortened"),
        ("sk-****0123", "is shortened"),
        ("sk-01\u043023", "has a character in it that no key has"),
        ("sk-01\u200b23", "has a character in it that no key has"),
        ("sk\u20130123", "has a character in it that no key has"),
        ("OPENAI_API_KEY sk-0123", "has a blank in it"),
        ("your-key-here", "is a placeholder"),
        ("your_api_key", "is a placeholder"),
        ("<your key>", "is a placeholder"),
        ("sk-your-key", "is a placeholder"),
        ("api-key-here", "is a placeholder"),
        ("XXXXXXXX", "is a placeholder"),
        ("sk-proj-xxxx", "is a placeholder"),
        ("APIxxxxxxxx", "is a placeholder"),
        ("${OPENAI_API_KEY}", "is a placeholder|is a reference"),
        ("$OPENAI_API_KEY", "is a reference that was not replaced"),
        ("%OPENAI_API_KEY%", "is a reference that was not replaced"),
        ("op://vault/openai/key", "is a reference that was not replaced"),
        ("https://api.openai.com", "or an address"),
        ("\u201esk-0123", "has a quote in it"),
        ("changeme", "is a placeholder"),
        ("replace-this", "is a placeholder"),
    ],
)
def test_an_invalid_key_is_named_with_the_reason(written: str, oddity: str) -> None:
    """A vendor would only say that it does not know the key."""
    with pytest.raises(ValueError, match=oddity) as refused:
        values.key(written)

    assert "0123" not in str(refused.value)


@pytest.mark.parametrize(
    ("clean", "written", "meant"),
    [
        (values.livekit_address, "wss://demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "https://demo.livekit.cloud/", "wss://demo.livekit.cloud"),
        (values.livekit_address, "HTTPS://demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "http://localhost:7880", "ws://localhost:7880"),
        (values.livekit_address, "localhost:7880", "ws://localhost:7880"),
        (values.livekit_address, "livekit:7880", "ws://livekit:7880"),
        (values.livekit_address, "10.0.0.5:7880", "ws://10.0.0.5:7880"),
        (values.livekit_address, "[::1]:7880", "ws://[::1]:7880"),
        (values.livekit_address, '"wss://demo.livekit.cloud" # mine', "wss://demo.livekit.cloud"),
        (values.livekit_address, "https:/demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "''", ""),
        (values.livekit_address, "wss//demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "wss:demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "wss:\\\\demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "https://wss://demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "//demo.livekit.cloud/", "wss://demo.livekit.cloud"),
        (values.livekit_address, "wss://demo.livekit.cloud,", "wss://demo.livekit.cloud"),
        (values.livekit_address, "wss://demo.livekit.cloud/rtc?access_token=a", "wss://demo.livekit.cloud"),
        (values.livekit_address, "\u00abdemo.livekit.cloud\u00bb", "wss://demo.livekit.cloud"),
        (values.livekit_address, "LIVEKIT_URL=wss://demo.livekit.cloud", "wss://demo.livekit.cloud"),
        (values.livekit_address, "wss://example.com/livekit", "wss://example.com/livekit"),
        (values.liveavatar_address, "https://api.liveavatar.com/v1/sessions/token", "https://api.liveavatar.com/v1"),
        (values.liveavatar_address, "api.liveavatar.com", "https://api.liveavatar.com"),
        (values.web_address, "api.example.com", "https://api.example.com"),
        (values.web_address, "wss://api.example.com/v1/", "https://api.example.com/v1"),
        (values.web_address, "127.0.0.1:7900", "http://127.0.0.1:7900"),
        (values.deepgram_address, "api.eu.deepgram.com", "https://api.eu.deepgram.com/v1/listen"),
        (values.deepgram_address, "https://api.eu.deepgram.com/v1", "https://api.eu.deepgram.com/v1/listen"),
        (values.deepgram_address, "wss://api.eu.deepgram.com/v1/listen/", "https://api.eu.deepgram.com/v1/listen"),
        (values.elevenlabs_address, "api.eu.residency.elevenlabs.io", "https://api.eu.residency.elevenlabs.io/v1"),
        (values.elevenlabs_address, "https://api.us.elevenlabs.io/v1/", "https://api.us.elevenlabs.io/v1"),
        (
            values.deepgram_address,
            "https://api.deepgram.com/v1/listen?model=nova-3",
            "https://api.deepgram.com/v1/listen",
        ),
        (values.elevenlabs_address, "https://api.elevenlabs.io/v1/text-to-speech/abc", "https://api.elevenlabs.io/v1"),
        (values.openai_address, "http://localhost:11434/v1/chat/completions", "http://localhost:11434/v1"),
        (values.openai_address, "http://localhost:11434", "http://localhost:11434/v1"),
        (values.openai_address, "api.openai.com/", "https://api.openai.com/v1"),
        (values.openai_address, "https://api.groq.com/openai/v1/models", "https://api.groq.com/openai/v1"),
        (values.openai_address, "http://10.0.0.5:8000/v1/responses?a=1", "http://10.0.0.5:8000/v1"),
        (values.openai_address, "https://example.com/v1beta/openai/", "https://example.com/v1beta/openai"),
        (values.azure_address, "mine.openai.azure.com?api-version=2024-10-21", "https://mine.openai.azure.com"),
        (
            values.azure_address,
            "https://mine.services.ai.azure.com/api/projects/p",
            "https://mine.services.ai.azure.com",
        ),
        (
            values.azure_address,
            "https://mine.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
            "https://mine.openai.azure.com",
        ),
    ],
)
def test_an_address_gets_the_scheme_and_the_path_it_needs(
    clean: Callable[[str], str], written: str, meant: str
) -> None:
    """Without a scheme, an internal address gets an unencrypted one, and an address on the internet gets TLS."""
    assert clean(written) == meant


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("ftp://livekit", r"begins with ftp://, and must begin with wss:// or ws://"),
        ("wss://", "has no valid host and port"),
        ("wss://host:port", "has no valid host and port"),
        ("wss://host:99999", "has no valid host and port"),
        ("wss://[::1", "has no valid host and port"),
        ("7880", "has no valid host and port"),
        ("wss://demo..livekit.cloud", "has no valid host and port"),
        ("(wss://demo.livekit.cloud)", "has no valid host and port"),
        ("https;//demo.livekit.cloud", "has no valid host and port"),
        ("wss://my host", "has a blank or a quote in it"),
        ('"wss://host', "has a blank or a quote in it"),
        ("wss://your-project.livekit.cloud", "is the example"),
        ("wss://<project>.livekit.cloud", "is the example"),
        ("wss://YOUR_PROJECT.livekit.cloud", "is the example"),
        ("wss://xxx.livekit.cloud", "is the example"),
        ("wss://${PROJECT}.livekit.cloud", "is the example"),
        ("https://cloud.livekit.io/projects/p_abc", "is the address of a web site"),
        ("[demo](wss://demo.livekit.cloud)", "has no valid host and port"),
    ],
)
def test_a_malformed_address_is_refused_with_the_reason(written: str, reason: str) -> None:
    """Otherwise it would only be reported as unreachable."""
    with pytest.raises(ValueError, match=reason):
        values.livekit_address(written)


def test_a_redis_address_needs_only_a_host() -> None:
    """Valkey's scheme is accepted as well."""
    assert values.state_address(" valkeys://:secret@cache.example:6380/1 ") == "rediss://:secret@cache.example:6380/1"
    assert values.state_address("cache.example:6379") == "redis://cache.example:6379"


def test_a_redis_address_may_name_tls_files() -> None:
    """The parameters are those of the Redis client."""
    url = "rediss://cache.example:6379/0?ssl_ca_certs=/etc/redis/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem"
    assert values.state_address(url) == url


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("http://cache.example", "must begin with redis:// or rediss://"),
        ("redis://", "has no valid host and port"),
        ("redis://cache.example/calls", "must end with the number of a database"),
        ("redis+sentinel://sentinel.example:26379/0", "must begin with redis:// or rediss://"),
        ("rediss://cache.example?ssl_cert_reqs=none", "can have ssl_ca_certs, ssl_certfile, ssl_keyfile after the ?"),
        ("redis://cache.example?ssl_ca_certs=/ca.pem", "with rediss://, and nothing else"),
        ("rediss://cache.example?", "with rediss://, and nothing else"),
    ],
)
def test_a_malformed_redis_address_is_refused(written: str, reason: str) -> None:
    """The error says what is expected."""
    with pytest.raises(ValueError, match=reason):
        values.state_address(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://example.com/", "https://example.com"),
        ("https://a.example, https://*.b.example:8443", "https://a.example https://*.b.example:8443"),
        ("self", "'self'"),
        ("'self' *", "'self' *"),
        ("", ""),
    ],
)
def test_origins_are_written_as_a_list(written: str, meant: str) -> None:
    """Commas or spaces separate them."""
    assert values.origins(written) == meant


@pytest.mark.parametrize(
    "written", ["https://a.example; script-src *", "https://a.example/path", "javascript:x", "a\rb;"]
)
def test_a_malformed_origin_is_refused(written: str) -> None:
    """Otherwise it could change the rest of the policy."""
    with pytest.raises(ValueError, match="is not an origin"):
        values.origins(written)


@pytest.mark.parametrize(("written", "meant"), [('"8080"', "8080"), ("tcp://10.0.0.1:80", None), ("", "")])
def test_a_port_variable_of_kubernetes_is_ignored(written: str, meant: str | None) -> None:
    """A service named `web` or `worker` sets a variable with the same name in every container of its namespace."""
    assert values.port(written) == meant


def test_a_path_may_begin_with_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes are accepted."""
    monkeypatch.setenv("HOME", "/home/ada")

    assert values.path("'~/nova.toml'") == Path("/home/ada/nova.toml")
    assert values.path("$HOME/nova.toml") == Path("/home/ada/nova.toml")


def test_a_path_in_an_unknown_users_home_is_refused() -> None:
    """A user that the system does not know has no home directory."""
    with pytest.raises(ValueError, match="no home directory: give the whole path"):
        values.path("~nobody-of-this-name/nova.toml")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("hush", "hush"), ('"hush hush"', "hush hush"), ("none", "none"), (" NONE ", "none"), ("", "")],
)
def test_the_word_none_is_kept_in_lower_case(written: str, meant: str) -> None:
    """Any other text is the secret."""
    assert values.passphrase(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("", ""), ("10.0.0.0/8, 192.0.2.1", "10.0.0.0/8 192.0.2.1"), ("2001:db8::/32 ::1", "2001:db8::/32 ::1")],
)
def test_networks_are_separated_by_commas_or_spaces(written: str, meant: str) -> None:
    """IPv4 and IPv6 are accepted."""
    assert values.networks(written) == meant


@pytest.mark.parametrize("written", ["proxy.example.com", "10.0.0.1/8", "10.0.0.0/33"])
def test_a_malformed_network_is_refused(written: str) -> None:
    """The error has the text and the reason."""
    with pytest.raises(ValueError, match=f"has {written}, which is not an address or network"):
        values.networks(written)
