"""The ports that the worker opens: its health check, and the page with the token endpoint.

Platforms that start containers (Cloud Run, Heroku, Render) send their requests to PORT. In production the page uses it
if WEB_SECRET is set and WEB_PORT is not: a page without a secret would let everybody call. Otherwise the health check
uses it, so that the platform finds the worker alive.
"""

from agent.settings import Settings

_DEV_PAGE = 8080
_HEALTH = 8081
_LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a platform's requests come from outside the container


def page_port(settings: Settings, *, dev: bool) -> int:
    """Return the port of the page; 0 to serve none."""
    if settings.web_port is not None:
        return settings.web_port
    if dev:
        return _DEV_PAGE
    return settings.port or 0 if settings.secret else 0


def page_host(settings: Settings, *, dev: bool) -> str:
    """Return the address at which the page is served."""
    is_of_platform = not dev and settings.web_port is None and page_port(settings, dev=dev) == settings.port
    return _EVERYWHERE if is_of_platform and "web_host" not in settings.model_fields_set else settings.web_host


def health_port(settings: Settings, *, dev: bool) -> int:
    """Return the port of the health check; 0 for any free port."""
    if settings.worker_port is not None:
        return settings.worker_port
    if dev:
        return 0
    return _HEALTH if settings.port in {None, 0, page_port(settings, dev=dev)} else settings.port or 0
