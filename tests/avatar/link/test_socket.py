"""The WebSockets to sessions: their messages, and a report for each way in which they end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Self, cast

import aiohttp
import pytest

from avatar.core import Action, CloseSocket, OpenSocket, StopSession
from avatar.link.socket import SocketExecutor
from avatar.recording import Recorder
from tests.avatar.link.prompt_call import CONNECTED, PromptCall

pytestmark = pytest.mark.looptime

SECOND = b"\x00\x20" * 24_000


class Tcp:
    """A TCP socket that notes its options."""

    def __init__(self) -> None:
        self.options: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options.append((level, option, value))


class Line:
    """A WebSocket to a service that sends the test's `messages`, until it is closed.

    Args:
        fails: The error that sending raises.
    """

    def __init__(self, fails: Exception | None = None) -> None:
        self.messages: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.messages.put_nowait(CONNECTED)
        self.sent: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self.is_closed = False
        self.tcp = Tcp()
        self._fails = fails

    def hang_up(self, code: int) -> None:
        """Close it from the service's side."""
        self.close_code = code
        self.messages.put_nowait(None)

    async def send_str(self, text: str) -> None:
        if self._fails is not None:
            raise self._fails
        self.sent.append(json.loads(text))

    async def __aiter__(self) -> AsyncIterator[SimpleNamespace]:
        while (message := await self.messages.get()) is not None:
            kind = aiohttp.WSMsgType.TEXT if isinstance(message, str) else aiohttp.WSMsgType.BINARY
            yield SimpleNamespace(type=kind, data=message)

    def get_extra_info(self, name: str) -> Tcp:
        assert name == "socket"
        return self.tcp

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_closed = True


class Http:
    """An HTTP session that opens scripted lines, one after the other; an exception is raised, and None hangs."""

    def __init__(self, *script: Line | Exception | None) -> None:
        self.urls: list[str] = []
        self._script = list(script)

    async def ws_connect(self, url: str, **_: object) -> Line:
        self.urls.append(url)
        item = self._script.pop(0)
        if item is None:
            await asyncio.Event().wait()
        if isinstance(item, Exception):
            raise item
        assert item is not None
        return item


@asynccontextmanager
async def opened(*script: Line | Exception | None) -> AsyncIterator[tuple[PromptCall, Http, list[Action]]]:
    """Yield a call whose WebSockets are scripted; afterwards no task is left."""
    http = Http(*script)
    actions: list[Action] = []

    def carry_out(action: Action) -> None:
        actions.append(action)
        match action:
            case OpenSocket(session):
                executor.set_url(session, f"wss://service/{session}")
                executor.open(action)
            case CloseSocket(session):
                executor.close(session)

    call = PromptCall(carry_out)
    executor = SocketExecutor(call.driver, cast("aiohttp.ClientSession", http), Recorder())
    call.driver.carry_on()
    yield call, http, actions
    await call.driver.aclose(10.0)
    await executor.aclose(1.0)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]


def refused(status: int) -> aiohttp.WSServerHandshakeError:
    """Return the error of a refused handshake."""
    return aiohttp.WSServerHandshakeError(cast("Any", None), (), status=status)


async def test_commands_go_out_and_events_come_in() -> None:
    """Each command is one JSON object, sent once the service says `connected`."""
    line = Line()
    async with opened(line) as (call, http, _):
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)
        call.say(SECOND)
        await call.until(lambda: len(line.sent) > 2)
        line.messages.put_nowait(
            json.dumps({"type": "agent.speak_started", "source_event_id": line.sent[0]["event_id"]})
        )
        await call.until(lambda: call.machine.played(call.driver.now) > 0.1)

    assert http.urls == ["wss://service/1"]
    assert {command["type"] for command in line.sent[:2]} == {"agent.speak"}
    assert "agent.interrupt" in {command["type"] for command in line.sent}
    assert line.is_closed


async def test_binary_messages_are_ignored() -> None:
    """The protocol has only text messages."""
    line = Line()
    line.messages.put_nowait(b"\x00\x01")
    async with opened(line) as (call, _, _):
        await call.until(line.messages.empty)

        assert call.machine.current is not None
        assert call.machine.current.is_ready
        assert call.dropped == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_session_unknown_to_the_service_is_over(status: int) -> None:
    """No other WebSocket is tried for it: the session is left, and stopped."""
    async with opened(refused(status), Line()) as (call, http, actions):
        await call.until(lambda: StopSession in {type(action) for action in actions})

        assert call.left == [f"the avatar's WebSocket was refused with status {status}"]
        assert call.dropped == []
        await call.until(lambda: len(http.urls) == 2)

    assert http.urls == ["wss://service/1", "wss://service/2"]


@pytest.mark.parametrize(
    ("failure", "detail"),
    [
        (refused(503), "the avatar's WebSocket was refused with status 503"),
        (aiohttp.ClientConnectionError("no route"), "the avatar's WebSocket can't be opened: ClientConnectionError"),
        (OSError("no route"), "the avatar's WebSocket can't be opened: OSError"),
        (ValueError("no URL"), "the avatar's WebSocket can't be opened: ValueError"),
        (LookupError("a mistake"), "LookupError"),
        (None, "the avatar's WebSocket can't be opened: TimeoutError"),
    ],
    ids=["503", "no connection", "no network", "no URL", "an unexpected error", "no answer"],
)
async def test_a_socket_that_can_not_be_opened_is_tried_again(failure: Exception | None, detail: str) -> None:
    """The machine gets the reason without the URL, which is a credential; an attempt takes 10 s at most."""
    async with opened(failure, Line()) as (call, http, _):
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)

        assert call.dropped == [detail]
        assert http.urls == ["wss://service/1"] * 2
        assert call.driver.now < 11.0


async def test_a_socket_closed_by_the_service_is_reported_with_its_code() -> None:
    """The same session continues on another one."""
    first, second = Line(), Line()
    async with opened(first, second) as (call, http, _):
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)
        first.hang_up(1011)
        await call.until(lambda: call.dropped)
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)

        assert call.dropped == ["the avatar's WebSocket was closed with code 1011"]
        assert http.urls == ["wss://service/1"] * 2
        assert first.is_closed
        assert not second.is_closed


async def test_a_socket_that_takes_no_more_data_is_lost() -> None:
    """The socket's reader would wait for ever: the failed write ends both."""
    line = Line(fails=ConnectionResetError("Cannot write to closing transport"))
    async with opened(line, Line()) as (call, _, _):
        call.say(SECOND)
        await call.until(lambda: call.dropped)

        assert call.dropped == ["the avatar's WebSocket takes no more"]
        assert line.is_closed


async def test_a_socket_closed_by_the_machine_is_not_reported_as_lost() -> None:
    """The socket's session was left before."""
    line = Line()
    async with opened(line) as (call, _, _):
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)
        with call.driver.step() as now:
            call.machine.release("a test", now)
        await call.until(lambda: line.is_closed)

        assert call.dropped == []


async def test_a_silently_lost_connection_is_detected_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux, sent data has to be acknowledged within 8 s; the service's pongs are not awaited."""
    monkeypatch.setattr(socket, "TCP_USER_TIMEOUT", 18, raising=False)
    line = Line()
    async with opened(line) as (call, _, _):
        await call.until(lambda: call.machine.current and call.machine.current.is_ready)

        assert line.tcp.options == [(socket.IPPROTO_TCP, 18, 8_000)]
