"""Kinds of Redis: with TLS, a password, users and databases; as a cluster, Sentinel or replica; and Valkey."""

from __future__ import annotations

import datetime as dt
import ipaddress
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from agent.settings import Settings, SettingsError
from agent.state.redis_state import _problem
from agent.state.shared_state import check_state, open_state
from demo.processes import free_port
from tests.agent.state.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The permissions that docs/operations.md asks for.
RIGHTS = ("+@read", "+@write", "+@connection", "+eval", "+evalsha", "+script|load", "+script|exists", "+time", "+info")


def settings_with(url: str, **given: object) -> Settings:
    """Make settings that name this Redis."""
    return Settings.model_validate({"state_url": url, **given})


@contextmanager
def running(directory: Path, *options: str, tls: Path | None = None) -> Iterator[RedisServer]:
    """Run a separate server."""
    directory.mkdir()
    server = RedisServer(directory, *options, tls=tls)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def issue(directory: Path, name: str) -> None:
    """Write a certificate for this name from a new authority, and the authority's certificate."""
    now = dt.datetime.now(dt.UTC)

    def signed(
        subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, alt: x509.GeneralName | None
    ) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=alt is None, path_length=None), critical=True)
        )
        if alt is not None:
            made = made.add_extension(x509.SubjectAlternativeName([alt]), critical=False)
        return made.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)

    directory.mkdir(exist_ok=True)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    alt = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    (directory / "ca.pem").write_bytes(signed("authority", authority, authority, None))
    (directory / "server.pem").write_bytes(signed("server", server, authority, alt))
    key = server.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (directory / "server.key").write_bytes(key)


def test_a_redis_with_tls_needs_the_authority_of_its_certificate(tmp_path: Path) -> None:
    """It is used with the authority's file; without it, or with a wrong or missing file, the setting is wrong."""
    tls, other = tmp_path / "tls", tmp_path / "other"
    issue(tls, "127.0.0.1")
    issue(other, "127.0.0.1")
    with running(tmp_path / "redis", tls=tls) as server:
        good = settings_with(server.url, state_dir=tmp_path / "state")
        check_state(good)
        journal = open_state(good).journal
        journal.add("s-1", api_url="https://api.example", room="a-room")
        told = [entry.session_id for entry in open_state(good).journal.entries()]
        journal.disown()
        plain = server.url.partition("?")[0]
        for url in (plain, server.url.replace(str(tls), str(other)), server.url.replace("ca.pem", "none.pem")):
            with pytest.raises(SettingsError, match="STATE_URL: the Redis can't be used"):
                check_state(settings_with(url))

    assert told == ["s-1"]


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    """The name in the certificate has to be the one in the URL."""
    issue(tmp_path / "tls", "redis.example")
    with running(tmp_path / "redis", tls=tmp_path / "tls") as server, pytest.raises(SettingsError, match="STATE_URL"):
        check_state(settings_with(server.url))


def test_a_password_and_a_user_with_few_rights_are_enough(tmp_path: Path) -> None:
    """The permissions in docs/operations.md suffice, in any database; a password may have any character."""
    user = ("--user", "agent", "on", ">a/p@ss", "~{liveavatar-agent}:*", "resetchannels", *RIGHTS)
    with running(tmp_path / "redis", *user) as server:
        url = server.url.replace("redis://", "redis://agent:a%2Fp%40ss@").replace("/0", "/3")
        state = open_state(settings_with(url, state_dir=tmp_path / "state"))
        check_state(settings_with(url))
        assert state.leases is not None
        state.own()
        state.journal.add("s-1", api_url="https://api.example", room="a-room")
        state.journal.mark_started("s-1")
        state.conversations.keep("a-room", "agent-1", "hello")
        told = [entry.session_id for entry in state.journal.entries()], state.conversations.read("a-room")
        taken = state.journal.take_slot("https://api.example", "another", 2)
        asked = state.leases.doubted()
        state.journal.release(state.journal.claim("https://api.example", with_rooms=True))
        is_away = state.is_away()
        state.journal.disown()

    assert (told, taken, asked, is_away) == ((["s-1"], "hello"), True, [], False)


def test_a_user_without_the_permissions_is_a_wrong_setting(tmp_path: Path) -> None:
    """A read-only user would otherwise fail with the first call."""
    rights = [each for each in RIGHTS if each != "+@write"]
    user = ("--user", "reader", "on", ">secret", "~*", *rights)
    with running(tmp_path / "redis", *user) as server, pytest.raises(SettingsError, match="STATE_URL") as caught:
        check_state(settings_with(server.url.replace("redis://", "redis://reader:secret@")))

    assert "secret" not in str(caught.value)


def test_a_cluster_is_refused(tmp_path: Path) -> None:
    """A node has only some of the keys, and the client does not follow redirects to other nodes."""
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with running(tmp_path / "redis", *options) as server, pytest.raises(SettingsError, match="is a node of a cluster"):
        check_state(settings_with(server.url))


def test_a_replica_is_refused(tmp_path: Path) -> None:
    """It answers, but can't be written."""
    options = ("--replicaof", "127.0.0.1 1")
    with running(tmp_path / "redis", *options) as server, pytest.raises(SettingsError, match="is a replica"):
        check_state(settings_with(server.url))


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ({"redis_version": "6.0.16"}, "has version 6.0.16, and needs 6.2 or a newer one"),
        ({"redis_version": "7.0.15", "redis_mode": "standalone", "role": "master"}, ""),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2", "server_mode": "standalone", "role": "master"}, ""),
        ({"redis_version": "7.2.4", "server_mode": "cluster"}, "is a node of a cluster"),
        ({"redis_version": "7.0.15", "redis_mode": "sentinel"}, "is a Sentinel"),
        ({"redis_version": "7.0.15", "redis_mode": "standalone", "role": "slave"}, "is a replica"),
    ],
)
def test_an_unsuitable_server_is_described_in_one_sentence(info: dict[str, Any], problem: str) -> None:
    """The check reads INFO, in which Valkey names its mode differently."""
    assert _problem(info).startswith(problem)
    assert bool(_problem(info)) == bool(problem)
