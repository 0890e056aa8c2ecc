"""A private LiveKit server on the loopback interface, for the demo and for tests."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from socket import SOCK_DGRAM
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console

from demo.livekit_build import find_or_build
from demo.processes import Child, answers, check_port, free_port, running

if TYPE_CHECKING:
    from types import TracebackType

DEV_API_KEY: Final = "devkey"
# LiveKit requires at least 32 characters.
DEV_API_SECRET: Final = "this-is-a-local-development-secret"  # noqa: S105 - opens only a server on this machine

# Seconds; the server answers within one, on a busy machine within a few.
START_TIMEOUT: Final = 20.0

# Seconds that the server has to end; it would wait longer for participants who do not leave.
SERVER_GRACE: Final = 3.0


def server_config(
    port: int, udp_port: int, api_key: str, api_secret: str, *, metrics_port: int = 0
) -> dict[str, object]:
    """Return a configuration for loopback only, in the terms of LiveKit's YAML.

    `node_ip`, the loopback candidate and the interface let clients connect on a machine that has no other interface.
    Without `stun_servers` clients are sent to a public STUN server; the discard port never answers. `tcp_port` 0
    turns the TCP fallback off, which would listen on every interface whatever `bind_addresses` says. With a
    `target_load` above 1 a worker gets jobs even while the machine is busy: by default a worker at 70 % gets none. At
    `metrics_port`, unless it is 0, the server publishes its metrics for Prometheus.
    """
    return {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "udp_port": udp_port,
            "tcp_port": 0,
            "use_external_ip": False,
            "node_ip": "127.0.0.1",
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo", "lo0"]},
            "stun_servers": ["127.0.0.1:9"],
        },
        "agents": {"target_load": 2.0},
        "prometheus": {"port": metrics_port},
        "keys": {api_key: api_secret},
    }


class LiveKitServer:
    """A LiveKit server that runs as long as the `async with` body does.

    Args:
        port: TCP port for signalling on 127.0.0.1; 0 takes a free one.
        api_key: Its only key.
        api_secret: That key's secret, at least 32 characters.
        log_dir: Gets `livekit-server.log` and `livekit-server.yaml`; default: a directory that is removed at the end.
        console: Where the progress of a build is shown, if there is no server yet.
        metrics_port: TCP port of the server's metrics on 127.0.0.1; 0 for none.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        api_key: str = DEV_API_KEY,
        api_secret: str = DEV_API_SECRET,
        log_dir: Path | None = None,
        console: Console | None = None,
        metrics_port: int = 0,
    ) -> None:
        self.port = port
        self.metrics_port = metrics_port
        self.api_key = api_key
        self.api_secret = api_secret
        self._log_dir = log_dir
        self._console = console or Console(stderr=True)
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """The URL that clients connect to."""
        return f"ws://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Start the server and wait until it answers; `child` is its process from then on.

        Raises:
            BuildError: There is no server, and it can't be built.
            PortInUseError: The port is in use.
            ChildDiedError: The server ended while it was starting.
        """
        if self.port:
            check_port(self.port, "the LiveKit server", "--port")
        binary = await find_or_build(self._console)
        self.port = self.port or free_port()
        async with AsyncExitStack() as stack:
            log_dir = self._log_dir or Path(stack.enter_context(TemporaryDirectory(prefix="livekit-server-")))
            self.child = await stack.enter_async_context(self._running(binary, log_dir))
            await self.child.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/"), START_TIMEOUT)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def _running(self, binary: Path, log_dir: Path) -> AbstractAsyncContextManager[Child]:
        udp_port = free_port(SOCK_DGRAM)
        config = server_config(self.port, udp_port, self.api_key, self.api_secret, metrics_port=self.metrics_port)
        config_file = log_dir / "livekit-server.yaml"
        # JSON is valid YAML.
        config_file.write_text(json.dumps(config, indent=2))
        command = [str(binary), "--config", str(config_file)]
        return running("LiveKit server", command, log=log_dir / "livekit-server.log", grace=SERVER_GRACE)
