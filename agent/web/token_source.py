"""LiveKit's standard token endpoint, for `TokenSource.endpoint` of its client SDKs."""

from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from agent.rooms.own import OwnRooms
from agent.web.body import read_model

# LiveKit's own attributes: with them a caller could pass for the agent's avatar, or for a telephone.
_RESERVED = ("lk.", "sip.")


def _unreserved(name: str) -> str:
    if name.startswith(_RESERVED):
        message = "is reserved by LiveKit"
        raise ValueError(message)
    return name


class TokenRequest(BaseModel):
    """LiveKit's `TokenSourceRequest`, without room and identity, which are made for each call."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    participant_name: Annotated[str, StringConstraints(max_length=64)] = ""
    participant_metadata: str = ""
    participant_attributes: dict[Annotated[str, AfterValidator(_unreserved)], str] = Field(default_factory=dict)


def add_token_endpoint(api: web.Application, rooms: OwnRooms) -> None:
    """Serve `POST /token` below the API.

    A page requests its token when it is loaded, long before its caller joins. So agent and avatar start when the caller
    joins, and a token alone costs nothing.
    """

    async def give_token(request: web.Request) -> web.Response:
        wanted = await read_model(request, TokenRequest)
        details = rooms.invite(
            wanted.participant_name, metadata=wanted.participant_metadata, attributes=wanted.participant_attributes
        )
        answer = {"server_url": details.url, "participant_token": details.token, "room_name": details.room}
        return web.json_response(answer, status=HTTPStatus.CREATED)

    api.router.add_post("/token", give_token)
