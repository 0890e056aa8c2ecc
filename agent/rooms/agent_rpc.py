"""Calls RPC methods of agents in their rooms, through LiveKit's server."""

import aiohttp
from livekit import api
from livekit.api.twirp_client import TwirpClient

from agent.control.backend import admin_token
from agent.settings import Settings
from avatar.http import client_session


async def call_agent(settings: Settings, request: api.PerformRpcRequest, *, timeout: float) -> str:  # noqa: ASYNC109 - of the HTTP request
    """Send a request to an agent, and return its answer.

    Args:
        settings: Contain LiveKit's URL and keys.
        request: Names the room, the agent and the method.
        timeout: Seconds for the HTTP request.

    Raises:
        aiohttp.ClientError, api.TwirpError, TimeoutError: There is no answer.
    """
    secret = settings.livekit_api_secret.get_secret_value()
    headers = {"Authorization": f"Bearer {admin_token(settings.livekit_api_key, secret, request.room)}"}
    async with client_session(timeout=aiohttp.ClientTimeout(total=timeout)) as http:
        # livekit-api 1.2 has the messages of this method, but not the method.
        twirp = TwirpClient(http, settings.livekit_url, "livekit")
        answer = await twirp.request("RoomService", "PerformRpc", request, headers, api.PerformRpcResponse)
    return str(answer.payload)
