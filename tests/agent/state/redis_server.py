"""A real Redis on loopback, which a test kills, pauses and restarts."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis

from demo.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds.
_STARTS_WITHIN = 20.0


class RedisServer:
    """A `redis-server` that writes its data to a file before it answers, so that they survive a kill of its process.

    Args:
        directory: Directory of its data.
        options: Further options of its command line.
        tls: Directory with `ca.pem`, `server.pem` and `server.key`; the server then accepts only TLS connections.
    """

    def __init__(self, directory: Path, *options: str, tls: Path | None = None) -> None:
        self._directory = directory
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._options = options
        self.url = self._ping = f"redis://127.0.0.1:{self._port}/0"
        if tls is not None:
            self.url = f"rediss://127.0.0.1:{self._port}/0?ssl_ca_certs={tls}/ca.pem"
            self._ping = f"rediss://127.0.0.1:{self._port}/0?ssl_cert_reqs=none&ssl_check_hostname=no"
            self._options = (
                *("--tls-port", str(self._port), "--port", "0", "--tls-auth-clients", "no"),
                *("--tls-cert-file", f"{tls}/server.pem", "--tls-key-file", f"{tls}/server.key"),
                *("--tls-ca-cert-file", f"{tls}/ca.pem"),
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        binary = shutil.which("redis-server")
        assert binary is not None, (
            "The tests of the fleet's state need redis-server on PATH: `.ci/redis` puts it there."
        )
        options = f"--port {self._port} --bind 127.0.0.1 --appendonly yes --appendfsync no --save ''".split()
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            [binary, *options, "--dir", str(self._directory), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _STARTS_WITHIN
        with redis.Redis.from_url(self._ping) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return
        message = "redis-server did not answer in time"
        raise TimeoutError(message)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Stop its process; connections stay open without answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue its process."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def forget(self) -> None:
        """Remove its data, between `kill` and `start`."""
        shutil.rmtree(self._directory)
        self._directory.mkdir()

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """Connect to it."""
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            yield client
