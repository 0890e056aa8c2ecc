"""A recording of the recorder can be replayed: the stand-in gives the answers of the recorded service."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.moments import Moments
from agent.doctor.wire import Wire
from avatar import CapacityError, LiveAvatarAPI
from avatar.recording import Recorder
from simulators.liveavatar.replay import create_app, read_recording
from tests.avatar.fakes import KEY, LiteService, reply
from tests.avatar.recording.recorded import lines_in, text_in


class OneSlot(LiteService):
    """A service that refuses a second session."""

    def on_start(self, request: web.Request) -> web.Response:
        if self.running:
            return reply({"code": 4003, "data": None, "message": "Session concurrency limit reached"}, status=403)
        return super().on_start(request)


async def call(url: str, recorder: Recorder) -> list[str]:
    """Run a session that speaks, and a second one that is refused; return the types of the service's messages."""
    moments = Moments()
    async with aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1, recorder=recorder)
        session = await api.start(await api.create_token(avatar_id="a"))
        async with Wire(http, session.ws_url, recorder, moments) as wire:
            assert await moments.wait_for("connected", within=20.0)
            await wire.speak(bytes(9_600))
            assert await moments.wait_for("ended", within=20.0)
        with pytest.raises(CapacityError):
            await api.start(await api.create_token(avatar_id="a"))
        await api.stop(session.session_id)
    return [name for name in ("connected", "started", "ended") if moments.count(name)]


async def test_a_recorded_call_is_replayed(tmp_path: Path) -> None:
    """The same calls get the same answers, refusals included, and the same speech the same events."""
    first, second = tmp_path / "first", tmp_path / "second"
    async with OneSlot().running_server() as url:
        with Recorder.in_directory(first) as recorder:
            told = await call(url, recorder)
    recording = read_recording(text_in(first).splitlines())
    async with TestServer(create_app(recording)) as server:
        with Recorder.in_directory(second) as recorder:
            told_again = await call(str(server.make_url("")), recorder)
    statuses = [[line["status"] for line in lines_in(each) if line["kind"] == "reply"] for each in (first, second)]

    assert statuses == [[200, 201, 200, 403, 200]] * 2
    assert told == told_again == ["connected", "started", "ended"]
