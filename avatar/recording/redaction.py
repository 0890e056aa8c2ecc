"""Redaction of keys, tokens, ids, URLs, audio and spoken words in recordings. Pure.

`docs/recording.md` has the table of replacements.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

JSON = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None

_DIGEST_CHARS = 16

# A shorter secret is replaced only in its own field: elsewhere it would match ordinary words.
_SHORTEST_SECRET = 8

_CREDENTIAL = re.compile(r"(?i:(^|_)(token|key|secret)$)|(Token|Key|Secret)$")
_IDS = frozenset({"session_id", "space_id", "livekit_room"})
_WORDS = frozenset({"text", "transcript", "transcription"})
# A scheme has a bounded length, so that a long text without a URL is searched in linear time.
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s\"'<>]+")
_KEPT_HEADER = re.compile(r"retry-after|x-ratelimit-.*", re.IGNORECASE)
_ID_IN_PATH = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


class Place(Enum):
    """The place of a value, which decides what is replaced in it."""

    REQUEST = "the body of a request"
    REPLY = "the body of a reply"
    SESSIONS = "the body of a reply about sessions"
    MESSAGE = "a message on the WebSocket"


_HIDDEN_IN_PLACE = {Place.REQUEST: {"livekit_url"}, Place.SESSIONS: {"id"}}


def redact(value: JSON, place: Place, known: Iterable[str] = ()) -> JSON:
    """Replace everything in a value that must not be recorded.

    Args:
        value: JSON.
        place: The place of the value.
        known: Secrets seen before, as `secrets_in` yields them; replaced everywhere.
    """
    return _redact(value, place, _longest_first(known))


def redact_text(text: str, known: Iterable[str] = ()) -> str:
    """Cut the URLs in a text down to scheme and host, and replace known secrets."""
    return _redact_text(text, _longest_first(known))


def redact_path(path: str, known: Iterable[str] = ()) -> str:
    """Replace the ids and known secrets in a path without a host."""
    return redact_text(_ID_IN_PATH.sub(lambda found: placeholder(found[0]), path), known)


def kept_headers(headers: Mapping[str, str], known: Iterable[str] = ()) -> dict[str, JSON]:
    """Return the headers of a reply that are recorded: those about rate limits."""
    return {name: redact_text(value, known) for name, value in headers.items() if _KEPT_HEADER.fullmatch(name)}


def secrets_in(value: JSON, place: Place) -> Iterator[str]:
    """Find the keys, tokens, ids and parts of URLs that `redact` hides in a value, to hide them everywhere later."""
    if isinstance(value, dict):
        for name, each in value.items():
            if _is_audio(name, place):
                continue
            if isinstance(each, str) and _is_hidden(name, place):
                yield each
            yield from secrets_in(each, place)
    elif isinstance(value, list):
        for each in value:
            yield from secrets_in(each, place)
    elif isinstance(value, str):
        for url in _URL.findall(value) if "://" in value else ():
            yield from _secrets_in_url(url)


def placeholder(secret: str) -> str:
    """Return the replacement for a secret."""
    return f"<redacted:{len(secret)}>"


def digest(data: bytes) -> dict[str, JSON]:
    """Return the replacement for data: its length, and the beginning of its SHA-256."""
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()[:_DIGEST_CHARS]}


def _redact(value: JSON, place: Place, known: list[str]) -> JSON:
    if isinstance(value, dict):
        return {_redact_text(name, known): _redact_field(name, each, place, known) for name, each in value.items()}
    if isinstance(value, list):
        return [_redact(each, place, known) for each in value]
    return _redact_text(value, known) if isinstance(value, str) else value


def _redact_field(name: str, value: JSON, place: Place, known: list[str]) -> JSON:
    if value is None or isinstance(value, bool):
        return value
    if _is_audio(name, place):
        return digest(_audio(value))
    if _is_hidden(name, place) or name in _WORDS:
        return placeholder(value if isinstance(value, str) else json.dumps(value))
    return _redact(value, place, known)


def _is_audio(name: str, place: Place) -> bool:
    return place is Place.MESSAGE and name == "audio"


def _is_hidden(name: str, place: Place) -> bool:
    return name in _IDS or name in _HIDDEN_IN_PLACE.get(place, ()) or _CREDENTIAL.search(name) is not None


def _audio(value: JSON) -> bytes:
    """Return the PCM of a message; text that is not base64 is returned unchanged."""
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "surrogatepass")


def _redact_text(text: str, known: list[str]) -> str:
    if _URL.match(text):
        text = _cut_url(text)
    elif "://" in text:
        text = _URL.sub(lambda found: _cut_url(found[0]), text)
    for secret in known:
        text = text.replace(secret, placeholder(secret))
    return text


def _cut_url(url: str) -> str:
    """Return scheme and host of a URL, and the length of the rest, which may be a credential."""
    scheme, separator, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    hidden = user + at + rest.removeprefix(authority).removeprefix("/")
    return scheme + separator + host + (f"/{placeholder(hidden)}" if hidden else "")


def _secrets_in_url(url: str) -> Iterator[str]:
    """Find a URL's credentials: a password, the values of its query, and a WebSocket's last part of the path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.scheme in {"ws", "wss"}:
        yield parts.path.rpartition("/")[2]
    yield from (value for _, value in parse_qsl(parts.query))
    if parts.password:
        yield parts.password


def _longest_first(known: Iterable[str]) -> list[str]:
    """Drop secrets that are too short, and put the longest first: a secret may contain a shorter one."""
    return sorted((secret for secret in known if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)
