"""Sites of other origins that use the agent: one requests tokens itself, the other shows the widget."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.e2e.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIVEKIT = ROOT / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.esm.mjs"

# Joins a call as LiveKit's starter apps do: with only the address of a token endpoint.
TOKEN_PAGE = """<!doctype html>
<html lang="en">
<title>A page that asks for tokens</title>
<button id="join">Join</button>
<script type="module">
  import { Room, RoomEvent, TokenSource } from "/livekit-client.mjs";
  const source = TokenSource.endpoint("{agent}api/token");
  document.getElementById("join").addEventListener("click", async () => {
    const { serverUrl, participantToken } = await source.fetch({ participantName: "Ada" });
    const room = new Room();
    room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
    window.room = room;
    await room.connect(serverUrl, participantToken);
    await room.localParticipant.setMicrophoneEnabled(true);
  });
</script>
</html>
"""

WIDGET_PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width" />
<title>A shop</title>
<style>body { font: 18px/1.6 Georgia, serif; margin: 4rem auto; max-width: 40rem; } button { color: red; }</style>
<main>
  <h1>A shop of our own</h1>
  <p>Its pages know nothing of calls but one script.</p>
  <p><a href="#more">More</a></p>
</main>
<script src="{agent}widget.js" data-label="Ask us"></script>
</html>
"""


@asynccontextmanager
async def site(agent: str, port: int) -> AsyncIterator[str]:
    """Serve `/token` and `/widget` for the agent at this address, and yield the site's own address."""

    def page(text: str) -> web.Response:
        return web.Response(text=text.replace("{agent}", agent), content_type="text/html")

    async def token(_: web.Request) -> web.Response:
        return page(TOKEN_PAGE)

    async def widget(_: web.Request) -> web.Response:
        return page(WIDGET_PAGE)

    async def livekit(_: web.Request) -> web.FileResponse:
        return web.FileResponse(LIVEKIT, headers={"Content-Type": "text/javascript"})

    app = web.Application()
    app.router.add_get("/token", token)
    app.router.add_get("/widget", widget)
    app.router.add_get("/livekit-client.mjs", livekit)
    async with TestServer(app, port=port) as server:
        yield str(server.make_url("/"))
