"""Cleans values as people write them into `.env` files, container options and dashboards.

Docker's `--env-file` and Kubernetes keep quotes and comments that python-dotenv removes, so every value is cleaned
here. Functions take the text of one value and raise `ValueError`, with a reason that can follow the setting's name,
if it can't be used.
"""

import os
import re
import unicodedata
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from agent.rooms.reach import is_on_the_internet

# Quotes around a value: those of keyboards, and those of text programs in any language.
_PLAIN_QUOTES = "\"'`"
_QUOTES = (
    _PLAIN_QUOTES + "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
    "\u300c\u300d\u300e\u300f\uff02\uff07"
)
_COMMENT = re.compile(r"(?:^#(?=\s|$)|\s#).*", re.DOTALL)
# After a closing quote a comment needs no blank before or after its mark.
_COMMENT_BEHIND_QUOTE = re.compile(r"\s*#.*", re.DOTALL)
# A line break as two characters, which tools append to a value that they read from a file.
_WRITTEN_BREAK = re.compile(r"(?:\\[nr])+\Z")
# The name again, as in shells, Dockerfiles and YAML: `OPENAI_API_KEY=sk-1` in the field for the value.
_NAME = re.compile(r"\A(?:(?i:export|set|env|-e|-)\s+|\$env:)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\s*(?:=(?!=)|:(?=\s))\s*")
# Options after the `?` of a Redis URL, as its client names them: TLS files.
_STATE_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
_SEPARATORS = ",;"  # after a value that was copied out of a list

_KEY_PREFIX = re.compile(
    r"\A[\"']?(?:(?:[A-Z]+[-_])*api[-_ ]?(?:key|secret)|authorization|key|token)[\"']?\s*[:=]\s*(?=[\"'\w])",
    re.IGNORECASE,
)
_KEY_SCHEME = re.compile(r"\A(?:bearer|token|basic|api[-_]?key)(?:\s*:\s*|\s+)", re.IGNORECASE)
_SCHEME_WORDS = {"bearer", "token", "basic", "authorization:", "bearer:"}
_SHORTENED = re.compile(r"\.{3}|\u2026|\*{3}|\u2022{2}")
_REFERENCE = re.compile(r"\$\{?\w.*|%+\w+%+|\{\{.*|\w+://.*")
_PLACEHOLDER = re.compile(
    r"<.*>|&lt;.*|\{.*\}|\[.*\]|(?:[\w-]*[-_])?x{3,}|[a-z]+x{6,}|"
    r"your[-_ ].*|.*[-_]your[-_].*|.*(?:key|secret|token|id)[-_ ]here|"
    r"change[-_ ]?me|replace[-_ ]?(?:me|this).*|(?:insert|enter|paste|put)[-_ ].*|todo|placeholder",
    re.IGNORECASE,
)
_EXAMPLE_HOST = re.compile(r"(?:^|\.)(?:your[-._]|<|\{|\$|x{3,}\.)", re.IGNORECASE)
# The scheme of an address, also misspelt (`wss//`, `wss:\\\\`) or repeated.
_SCHEME = re.compile(
    r"(?:(?P<known>https?|wss?)(?::[/\\]*|[/\\]{2,}))+|(?P<other>[a-z][a-z0-9+.-]*)://|[/\\]{2,}", re.IGNORECASE
)
# Web sites of the vendors where people find their keys, not their APIs.
_SITES = {
    "cloud.livekit.io",
    "console.deepgram.com",
    "platform.openai.com",
    "elevenlabs.io",
    "www.elevenlabs.io",
    "app.liveavatar.com",
    "portal.azure.com",
    "ai.azure.com",
}
_HOST = re.compile(r"[\w.-]+|\[?[0-9a-f:.]+(?:%\w+)?\]?", re.IGNORECASE)
_ORIGIN = re.compile(r"(?:https?://)?(?:\*\.)?[\w.-]+(?::(?:\d+|\*))?|\[[0-9a-f:]+\]|\*|'self'|https?:", re.IGNORECASE)

_EXACT_ORIGIN = re.compile(r"https?://[\w.-]+(?::\d+)?|https?://\[[0-9a-f:]+\](?::\d+)?|\*")

# Stands for no secret, on purpose.
NO_SECRET = "none"  # noqa: S105 - not a secret

_NOTHING = {"none", "off", "no", "false", "null"}


def clean(value: str) -> str:
    """Remove the blanks and quotes around a value, and a comment after it: `"high"  # 720p` is `high`."""
    value = _WRITTEN_BREAK.sub("", _stripped(_NAME.sub("", _stripped(value), count=1)))
    inside = _inside_quotes(value)
    if inside is None:
        return _stripped(_COMMENT.sub("", value))
    while (deeper := _inside_quotes(inside)) is not None:
        inside = deeper
    return _stripped(inside)


def word(value: str) -> str:
    """Clean one of a few words, or a truth value: `HIGH` is `high`."""
    return clean(value).rstrip(_SEPARATORS).lower()


def word_or_none(value: str) -> str | None:
    """Clean one of a few words; return None for `none`, `off` and the like."""
    cleaned = word(value)
    return None if cleaned in _NOTHING else cleaned


def port(value: str) -> str | None:
    """Clean a port; for a service called `web`, Kubernetes sets `WEB_PORT=tcp://10.0.0.1:80`, which is ignored."""
    cleaned = clean(value)
    return None if cleaned.startswith("tcp://") else cleaned


def key(value: str) -> str:
    """Clean an API key, which may have been copied with its header: `Bearer sk-1` is `sk-1`."""
    cleaned = clean(clean(value).removeprefix("-H ")).rstrip(_SEPARATORS)
    if cleaned.lower() in _SCHEME_WORDS:
        message = f"is the word {cleaned} without a key after it"
        raise ValueError(message)
    cleaned = clean(_KEY_PREFIX.sub("", cleaned, count=1))
    cleaned = clean(_KEY_SCHEME.sub("", cleaned, count=1))
    if oddity := _oddity(cleaned):
        raise ValueError(oddity)
    return cleaned


def web_address(value: str) -> str:
    """Clean a base URL of an HTTP service: `api.example.com/` is `https://api.example.com`."""
    return _address(value, plain="http", secure="https")


def liveavatar_address(value: str) -> str:
    """Clean LiveAvatar's address, which may have been copied with the path of a request."""
    return _without_call(web_address(value), "sessions")


def deepgram_address(value: str) -> str:
    """Clean Deepgram's address, with or without the path: `api.eu.deepgram.com` is its `/v1/listen`."""
    address = _without_call(web_address(value), "listen", "speak", "projects")
    return f"{_with_version(address)}/listen" if address else address


def elevenlabs_address(value: str) -> str:
    """Clean ElevenLabs' address, with or without `/v1`."""
    address = _without_call(web_address(value), "text-to-speech", "voices", "models")
    return _with_version(address) if address else address


def openai_address(value: str) -> str:
    """Clean the base URL of an OpenAI-compatible server, which may have been copied with the path of a request.

    Without a path it gets the `/v1` that such servers have.
    """
    address = _without_call(web_address(value), "chat", "completions", "responses", "models", "embeddings")
    return _with_version(address) if address and not urlsplit(address).path else address


def azure_address(value: str) -> str:
    """Clean the endpoint of an Azure OpenAI resource, which the portal shows with the path of a deployment."""
    return _without_call(web_address(value), "openai", "api/projects", "models")


def livekit_address(value: str) -> str:
    """Clean the URL of a LiveKit server: `https://demo.livekit.cloud/` is `wss://demo.livekit.cloud`."""
    return _without_call(_address(value, plain="ws", secure="wss"), "rtc")


def state_address(value: str) -> str:
    """Clean the URL of a Redis or Valkey: `redis.example` is `redis://redis.example`, `valkeys://` is `rediss://`."""
    cleaned = clean(value).rstrip(_SEPARATORS)
    scheme, separator, rest = cleaned.partition("://")
    if not separator:
        scheme, rest = "redis", cleaned
    scheme = {"valkey": "redis", "valkeys": "rediss"}.get(scheme.lower(), scheme.lower())
    if scheme not in {"redis", "rediss"}:
        message = "must begin with redis:// or rediss://"
        raise ValueError(message)
    rest, mark, options = rest.partition("?")
    if reason := _no_address(f"//{rest}"):
        raise ValueError(reason)
    if not re.fullmatch(r"/?\d*", urlsplit(f"//{rest}").path):
        message = "must end with the number of a database, such as /0, or with the port"
        raise ValueError(message)
    if mark:
        _check_state_options(scheme, options)
    return f"{scheme}://{rest}{mark}{options}"


def _check_state_options(scheme: str, options: str) -> None:
    """Raise a ValueError if a Redis URL has other options than TLS files after the `?`."""
    given = [name for name, _ in parse_qsl(options, keep_blank_values=True)]
    if scheme != "rediss" or not given or not _STATE_OPTIONS.issuperset(given):
        message = f"can have {', '.join(sorted(_STATE_OPTIONS))} after the ?, with rediss://, and nothing else"
        raise ValueError(message)


def path(value: str) -> Path | str:
    """Clean a path, with `~` for the home directory, and with variables such as `$HOME`."""
    cleaned = clean(value)
    if not cleaned:
        return cleaned
    try:
        return Path(os.path.expandvars(cleaned)).expanduser()
    except RuntimeError:
        message = "begins with ~, but this user has no home directory: give the whole path"
        raise ValueError(message) from None


def _listed(value: str) -> list[str]:
    """Split a list at commas and blanks."""
    return [part for part in re.split(r"[,\s]+", clean(value)) if part]


def origins(value: str) -> str:
    """Clean a list of origins for a Content-Security-Policy, separated by commas or blanks."""
    each = ["'self'" if origin.strip("'").lower() == "self" else origin.rstrip("/") for origin in _listed(value)]
    for origin in each:
        if not _ORIGIN.fullmatch(origin):
            message = f"{origin} is not an origin: write https://example.com, https://*.example.com, or * for any"
            raise ValueError(message)
    return " ".join(each)


def exact_origins(value: str) -> str:
    """Clean a list of origins as browsers send them, separated by commas or blanks; `*` for any."""
    each = [origin.rstrip("/").lower() for origin in _listed(value)]
    for origin in each:
        if not _EXACT_ORIGIN.fullmatch(origin):
            message = f"{origin} is not an origin: write https://www.example.com, with its port if needed, or * for any"
            raise ValueError(message)
    return " ".join(each)


def passphrase(value: str) -> str:
    """Clean a secret that the user has chosen; `none`, in any spelling, stands for no secret on purpose."""
    cleaned = clean(value)
    return NO_SECRET if cleaned.lower() == NO_SECRET else cleaned


def networks(value: str) -> str:
    """Clean a list of addresses and networks, separated by commas or blanks: `10.0.0.0/8, 192.0.2.1`."""
    each = _listed(value)
    for network in each:
        try:
            ip_network(network)
        except ValueError as error:
            message = f"has {network}, which is not an address or network: {error}"
            raise ValueError(message) from None
    return " ".join(each)


def _stripped(value: str) -> str:
    """Remove blanks of every kind, and invisible characters that are copied with text, such as a byte order mark."""
    start, end = 0, len(value)
    while start < end and _is_blank(value[start]):
        start += 1
    while end > start and _is_blank(value[end - 1]):
        end -= 1
    return value[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf"}


def _inside_quotes(value: str) -> str | None:
    """Return the text between the quotes that a value begins with, if only a comment or a separator follows them."""
    if not value or value[0] not in _QUOTES:
        return None
    closing = value[0] if value[0] in _PLAIN_QUOTES else _QUOTES.strip(_PLAIN_QUOTES)
    end = next((at for at, character in enumerate(value) if at and character in closing), -1)
    if end < 0 or _stripped(_COMMENT_BEHIND_QUOTE.sub("", value[end + 1 :])).strip(_SEPARATORS):
        return None
    return value[1:end]


def _oddity(cleaned: str) -> str:
    """Return a sign that a key was copied wrongly; empty for a good one."""
    oddities = {
        "is shortened, as dashboards show keys: copy the whole key": _SHORTENED.search(cleaned),
        "is a placeholder: put your own there": _PLACEHOLDER.fullmatch(cleaned),
        "is a reference that was not replaced, or an address: put the key or id itself there": (
            _REFERENCE.fullmatch(cleaned)
        ),
        "has a quote in it: copy only the key": any(character in _QUOTES for character in cleaned),
        "has a blank in it: copy only the key": any(character.isspace() for character in cleaned),
        "has a character in it that no key has: copy it again": not (cleaned.isascii() and cleaned.isprintable()),
    }
    return next((oddity for oddity, is_seen in oddities.items() if is_seen), "")


def _address(value: str, *, plain: str, secure: str) -> str:
    cleaned = clean(value).rstrip(_SEPARATORS)
    if not cleaned:
        return ""
    found = _SCHEME.match(cleaned)
    given, rest = (found["known"] or "", cleaned[found.end() :]) if found else ("", cleaned)
    if found and found["other"]:
        message = f"begins with {found['other']}://, and must begin with {secure}:// or {plain}://"
        raise ValueError(message)
    if reason := _no_address(f"//{rest}"):
        raise ValueError(reason)
    if given:
        scheme = secure if given.lower() in {"https", "wss"} else plain
    else:  # `localhost:7880`, as well as `api.example.com`
        scheme = secure if is_on_the_internet(f"//{rest}") else plain
    return f"{scheme}://{rest}".rstrip("/")


def _without_call(address: str, *calls: str) -> str:
    """Remove the path of a request and the query from a base URL: `https://example.com/v1/voices?a=1` ends in `/v1`."""
    base = re.sub(r"[?#].*", "", address)
    return re.sub(rf"/(?:{'|'.join(calls)})(?:/.*)?$", "", base).rstrip("/")


def _with_version(address: str) -> str:
    return address if re.search(r"/v\d+$", address) else f"{address}/v1"


def _no_address(address: str) -> str:
    """Return why this is not a URL; empty if it is one."""
    if any(character.isspace() or character in _QUOTES for character in address):
        return "has a blank or a quote in it"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "has no valid host and port"
    if not parts.hostname or port == 0:
        return "has no valid host and port"
    if _EXAMPLE_HOST.search(parts.netloc):
        return "is the example: put your own address there"
    if parts.hostname in _SITES:
        return "is the address of a web site, not of its API"
    is_host = _HOST.fullmatch(parts.hostname) and not parts.hostname.isdigit() and ".." not in parts.hostname
    return "" if is_host else "has no valid host and port"
