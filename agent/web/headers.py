"""Headers of every answer: the page's rights in the browser, and caching."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from agent.settings import Settings

_EVERYWHERE = {
    "Server": "liveavatar-agent",  # instead of the versions of libraries
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), display-capture=()",
}

# LiveKit Cloud redirects clients to a region of the project.
_CLOUD = ("https://*.livekit.cloud", "wss://*.livekit.cloud")

# Hash of the one script within web/index.html, which must run before anything is loaded.
_SCRIPT_HASH = "sha256-Lpyqx22fpDadLkHwnQzQwAMLV1uHFlD3b+GuZ5IAJDM="

_POLICY = (
    "default-src 'none'; script-src 'self' '{script}'; style-src 'self'; font-src 'self'; "
    # A tool may show a picture of any server, over https.
    "img-src 'self' data: blob: https:; "
    "media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; connect-src 'self' {connect}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


def policy(settings: Settings) -> str:
    """Return the page's Content-Security-Policy: its own files, pictures of cards, and the LiveKit server."""
    return _POLICY.format(
        script=_SCRIPT_HASH,
        connect=" ".join(_servers(settings)),
        ancestors=settings.web_frame_ancestors or "'none'",
    )


def telling(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make a handler for `on_response_prepare` that adds the headers to every answer, errors included."""
    headers = {**_EVERYWHERE, "Content-Security-Policy": policy(settings)}

    async def tell(_: web.Request, answer: web.StreamResponse) -> None:
        answer.headers.update(headers)
        answer.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        answer.headers.setdefault("Cache-Control", "no-store")

    return tell


def _servers(settings: Settings) -> tuple[str, ...]:
    """Return the servers that the page may connect to; that of a LiveAvatar room is known only when the room is."""
    if settings.room_owner == "liveavatar":
        return ("https:", "wss:", *(("http:", "ws:") if settings.liveavatar.is_stand_in else ()))
    url = urlsplit(settings.callers_url)
    if (url.hostname or "").endswith(".livekit.cloud"):
        return _CLOUD
    suffix = "s" if url.scheme in {"wss", "https"} else ""
    return (f"http{suffix}://{url.netloc}", f"ws{suffix}://{url.netloc}")
