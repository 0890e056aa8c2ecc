"""Values as people write them into `.env` files, container options and dashboards, made into what was meant.

Docker's `--env-file` and Kubernetes hand on quotes and comments which python-dotenv takes off, so every value is
cleaned here, wherever it comes from. Functions take the text of one value and raise `ValueError`, with a reason that
can follow the setting's name, when nothing usable is left.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from agent.rooms.reach import is_on_the_internet

# A byte order mark and a zero-width space come along when text is copied from a document.
_BLANKS = " \t\r\n\f\v\u00a0\u200b\ufeff"
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c"}
_COMMENT = re.compile(r"(?:^#(?=\s|$)|\s#).*", re.DOTALL)

_KEY_PREFIX = re.compile(r"(?:(?:authorization|(?:x|xi)-api-key)\s*:\s*)?(?:(?:bearer|token|basic)\s+)?", re.IGNORECASE)
_SCHEME_WORDS = {"bearer", "token", "basic", "authorization:"}
_SHORTENED = re.compile(r"\.{3}|\u2026|\*{3}|\u2022{2}")
_PLACEHOLDER = re.compile(
    r"<.*>|\{.*\}|\[.*\]|x{3,}|your[-_ ].*|.*[-_]your[-_].*|.*(?:key|secret|token|id)[-_ ]here|change[-_ ]?me|"
    r"replace[-_ ]?(?:me|this).*|(?:insert|enter|paste|put)[-_ ].*|todo|placeholder",
    re.IGNORECASE,
)
_EXAMPLE_HOST = re.compile(r"(?:^|\.)(?:your[-.]|<|\{)", re.IGNORECASE)
_SCHEME = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):/{1,3}(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_ORIGIN = re.compile(r"(?:https?://)?(?:\*\.)?[\w.-]+(?::(?:\d+|\*))?|\[[0-9a-f:]+\]|\*|'self'|https?:", re.IGNORECASE)

# Instead of a secret: there is none on purpose.
NO_SECRET = "none"  # noqa: S105 - that there is none

_NOTHING = {"none", "off", "no", "false", "null"}


def clean(value: str) -> str:
    """Take off the blanks and quotes around a value, and a comment behind it: `"high"  # 720p` is `high`."""
    value = value.strip(_BLANKS)
    inside = _inside_quotes(value)
    if inside is None:
        return _COMMENT.sub("", value).strip(_BLANKS)
    while (deeper := _inside_quotes(inside)) is not None:
        inside = deeper
    return inside.strip(_BLANKS)


def word(value: str) -> str:
    """Clean one of a few words, or a truth value: `HIGH` is `high`."""
    return clean(value).lower()


def word_or_none(value: str) -> str | None:
    """Clean one of a few words, where `none`, `off` and the like stand for nothing."""
    cleaned = word(value)
    return None if cleaned in _NOTHING else cleaned


def key(value: str) -> str:
    """Clean an API key, which may have been copied with the header it goes into: `Bearer sk-1` is `sk-1`."""
    cleaned = clean(value)
    if cleaned.lower() in _SCHEME_WORDS:
        message = f"is the word {cleaned} without a key behind it"
        raise ValueError(message)
    cleaned = clean(_KEY_PREFIX.sub("", cleaned, count=1))
    if oddity := _oddity(cleaned):
        raise ValueError(oddity)
    return cleaned


def web_address(value: str) -> str:
    """Clean a base URL of an HTTP service: `api.example.com/` is `https://api.example.com`."""
    return _address(value, plain="http", secure="https")


def deepgram_model(value: str) -> str:
    """Clean the name of a model of Deepgram's `/v1/listen`."""
    cleaned = clean(value)
    if cleaned.lower().startswith("flux"):
        message = (
            f"{cleaned} is heard through Deepgram's /v2/listen, which this worker doesn't use: take nova-3 or nova-2"
        )
        raise ValueError(message)
    return cleaned


def deepgram_address(value: str) -> str:
    """Clean Deepgram's address, with or without the path: `api.eu.deepgram.com` is its `/v1/listen`."""
    address = web_address(value)
    if not address or address.endswith("/listen"):
        return address
    return f"{_with_version(address)}/listen"


def elevenlabs_address(value: str) -> str:
    """Clean ElevenLabs' address, with or without `/v1`."""
    address = web_address(value)
    return _with_version(address) if address else address


def openai_address(value: str) -> str:
    """Clean the base URL of an OpenAI-compatible server, which may have been copied with the path of a call."""
    return web_address(value).removesuffix("/chat/completions")


def azure_address(value: str) -> str:
    """Clean the endpoint of an Azure OpenAI resource, which the portal shows with the path of a deployment."""
    return web_address(re.sub(r"/openai(?:/.*)?$", "", clean(value)))


def livekit_address(value: str) -> str:
    """Clean the URL of a LiveKit server: `https://demo.livekit.cloud/` is `wss://demo.livekit.cloud`."""
    return _address(value, plain="ws", secure="wss")


def path(value: str) -> Path | str:
    """Clean a path, with `~` for the home directory."""
    cleaned = clean(value)
    if not cleaned:
        return cleaned
    try:
        return Path(cleaned).expanduser()
    except RuntimeError:
        message = "begins with ~, but this user has no home directory: give the whole path"
        raise ValueError(message) from None


def origins(value: str) -> str:
    """Clean a list of origins for a Content-Security-Policy, with commas or blanks between them."""
    each = [origin for origin in re.split(r"[,\s]+", clean(value)) if origin]
    each = ["'self'" if origin.strip("'").lower() == "self" else origin.rstrip("/") for origin in each]
    for origin in each:
        if not _ORIGIN.fullmatch(origin):
            message = f"{origin} is no origin: write https://example.com, https://*.example.com, or * for any"
            raise ValueError(message)
    return " ".join(each)


def passphrase(value: str) -> str:
    """Clean a secret of one's own choice; `none`, in any spelling, says that there is none on purpose."""
    cleaned = clean(value)
    return NO_SECRET if cleaned.lower() == NO_SECRET else cleaned


def networks(value: str) -> str:
    """Clean a list of addresses and networks, with commas or blanks between them: `10.0.0.0/8, 192.0.2.1`."""
    each = [network for network in re.split(r"[,\s]+", clean(value)) if network]
    for network in each:
        try:
            ip_network(network)
        except ValueError as error:
            message = f"has {network}, which is no address or network: {error}"
            raise ValueError(message) from None
    return " ".join(each)


def _inside_quotes(value: str) -> str | None:
    """What is between the quotes that a value begins with, if nothing but a comment follows them."""
    closing = _QUOTES.get(value[:1])
    end = value.find(closing, 1) if closing else -1
    if end < 0 or _COMMENT.sub("", value[end + 1 :]).strip(_BLANKS):
        return None
    return value[1:end]


def _oddity(cleaned: str) -> str:
    """What gives away that a key was not copied well; empty for a good one."""
    if _SHORTENED.search(cleaned):
        return "is shortened, as dashboards show keys: copy the whole key"
    if _PLACEHOLDER.fullmatch(cleaned):
        return "is a placeholder: put your own there"
    if any(character in cleaned for character in "\"'`\u201c\u201d\u2018\u2019"):
        return "has a quote in it: copy the key alone"
    if any(character in _BLANKS for character in cleaned):
        return "has a blank in it: copy the key alone"
    if not cleaned.isascii() or not cleaned.isprintable():
        return "has a character in it that no key has: copy it again"
    return ""


def _address(value: str, *, plain: str, secure: str) -> str:
    cleaned = clean(value)
    if not cleaned:
        return ""
    found = _SCHEME.fullmatch(cleaned)
    if found is None:  # `localhost:7880`, as well as `api.example.com`
        scheme, rest = secure if is_on_the_internet(f"//{cleaned}") else plain, cleaned
    else:
        given, rest = found["scheme"].lower(), found["rest"]
        if given not in {"http", "https", "ws", "wss"}:
            message = f"begins with {given}://, and has to begin with {secure}:// or {plain}://"
            raise ValueError(message)
        scheme = secure if given in {"https", "wss"} else plain
    if reason := _no_address(f"//{rest}"):
        raise ValueError(reason)
    return f"{scheme}://{rest}".rstrip("/")


def _with_version(address: str) -> str:
    return address if re.search(r"/v\d+$", address) else f"{address}/v1"


def _no_address(address: str) -> str:
    """Why this is no URL; empty if it is one."""
    if any(character.isspace() or character in "\"'`" for character in address):
        return "has a blank or a quote in it"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "has no valid host and port"
    if not parts.hostname or port == 0:
        return "has no valid host and port"
    return "is the example: put your own address there" if _EXAMPLE_HOST.search(parts.netloc) else ""
