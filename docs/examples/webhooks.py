"""A receiver of webhooks: check each signature, ignore repeats, and print the events of calls.

`WEBHOOK_SECRET=whsec_... python -m docs.examples.webhooks`; the worker needs the same secret, and
`WEBHOOK_URL=http://127.0.0.1:8000/hook` with `WEBHOOK_LOOPBACK=true`.
"""
# ruff: noqa: T201 - it prints

import os
from collections.abc import Callable
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Event = dict[str, Any]


class Receiver:
    """Takes the events of calls.

    Args:
        secret: Shared with the worker.
        on_event: Called once with each event.

    Attributes:
        app: The application to serve.
    """

    def __init__(self, secret: str, on_event: Callable[[Event], object]) -> None:
        self._webhook = Webhook(secret)
        self._on_event = on_event
        # A real receiver keeps the ids in its database, in the transaction in which it uses the event.
        self._seen: set[str] = set()
        self.app = web.Application(client_max_size=16 * 1024**2)
        self.app.router.add_post("/hook", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        try:
            event: Event = self._webhook.verify(await request.read(), dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401)
        event_id = request.headers["webhook-id"]
        if event_id not in self._seen:
            self._on_event(event)
            self._seen.add(event_id)
        return web.Response(status=204)


def show(event: Event) -> None:
    """Print an event in one line."""
    data = event["data"]
    more = {name: value for name, value in data.items() if name not in {"room", "job", "persona", "metadata", "report"}}
    print(event["timestamp"], event["type"], data["room"], *(f"{name}={value}" for name, value in more.items()))


if __name__ == "__main__":
    web.run_app(Receiver(os.environ["WEBHOOK_SECRET"], show).app, host="127.0.0.1", port=8000, print=None)
