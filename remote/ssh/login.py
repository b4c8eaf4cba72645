"""Logging in: a connection with a verified host, and a user who was let in with what was given and nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from remote.errors import (
    KEY_FILE,
    KEY_TEXT,
    PASSPHRASE,
    AuthenticationFailed,
    HostKeyConflict,
    HostUnreachable,
    InvalidInput,
    InvalidKey,
)
from remote.ssh import host_keys
from remote.ssh import known_hosts as hosts_file
from remote.ssh.address import Address
from remote.ssh.client import Link, library, printable
from remote.ssh.credentials import Credentials
from remote.ssh.known_hosts import HostKey, public_key
from runicorn import _platform

CONNECT_SECONDS = 10.0
"""From the first packet to the login."""
KEEPALIVE_SECONDS = 5
KEEPALIVES_MISSED = 3
KEY_BYTES = 64 * 1024
HOST_KEY_SIGNATURES = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""Kinds of host keys that are taken, the preferred first, and how each signs; not with SHA-1, as old RSA keys do."""


async def connect(address: Address, credentials: Credentials, timeout: float = CONNECT_SECONDS) -> Link:
    """A connection with a verified host and a user who was let in.

    Raises:
        HostKeyConflict: the host's key is unknown or changed.
        InvalidInput: the user's name is none that SSH carries.
        InvalidKey: the key that was given cannot be read.
        AuthenticationFailed: the host does not let the user in with it.
        HostUnreachable: anything else that keeps the two apart; the sentence says what, and what to do.
    """
    asyncssh = await asyncio.to_thread(library)
    _carried(asyncssh, address.username)
    verdict = Verdict(address, await asyncio.to_thread(host_keys.content))
    try:
        async with asyncio.timeout(timeout), _means(asyncssh, credentials) as means:
            connection = await asyncssh.connect(
                address.host,
                address.port,
                username=address.username,
                client_factory=lambda: _client(asyncssh, verdict),
                server_host_key_algs=verdict.signatures,
                **means,
                **_NOTHING_ELSE,
            )
    except (asyncssh.Error, OSError, ValueError) as error:
        raise _why(asyncssh, address, credentials, verdict, error, timeout) from None
    assert verdict.shown is not None
    return Link(address, connection, verdict.shown)


def _carried(asyncssh: ModuleType, username: str) -> None:
    """Refuse a name that would reach the host as another one, or not at all (RFC 4252 wants SASLprep).

    Raises:
        InvalidInput: it is such a name.
    """
    try:
        same = asyncssh.saslprep.saslprep(username) == username
    except asyncssh.saslprep.SASLPrepError:
        same = False
    if not same:
        raise InvalidInput(
            "username", "username: it holds characters that SSH does not carry, or not in this form."
        )


_NOTHING_ELSE: dict[str, Any] = {
    "config": None,
    # A function, because asyncssh takes everything that is empty for "the usual files".
    "known_hosts": lambda host, addr, port: ([], [], []),
    "x509_trusted_certs": None,
    "agent_path": None,
    "agent_forwarding": False,
    "pkcs11_provider": None,
    "gss_host": None,
    "host_based_auth": False,
    "client_host_keysign": False,
    "login_timeout": 0,  # ours is over all of it
    "keepalive_interval": KEEPALIVE_SECONDS,
    "keepalive_count_max": KEEPALIVES_MISSED,
    "send_env": (),
    "x11_forwarding": False,
    "request_pty": False,
}


class Verdict:
    """What became of the host's key while a connection was made."""

    def __init__(self, address: Address, known_hosts: str) -> None:
        self.address, self.known_hosts = address, known_hosts
        self.shown: HostKey | None = None
        self.refused: HostKeyConflict | HostUnreachable | None = None
        known = [key.key_type for key in hosts_file.keys_of(known_hosts, address.host, address.port)]
        # The kinds that the host is known by come first: it is asked to show the key that we can compare.
        ordered = sorted(HOST_KEY_SIGNATURES, key=lambda kind: kind not in known)
        self.signatures = [signature for kind in ordered for signature in HOST_KEY_SIGNATURES[kind]]

    def trusts(self, exported: bytes) -> bool:
        """Whether the key that the host shows is the one it is known by."""
        self.shown = public_key(exported.decode("ascii"))
        try:
            host_keys.judge(self.known_hosts, self.address.host, self.address.port, self.shown)
        except (HostKeyConflict, HostUnreachable) as refused:
            self.refused = refused
            return False
        return True


def _client(asyncssh: ModuleType, verdict: Verdict) -> Any:
    class Client(asyncssh.SSHClient):  # type: ignore[name-defined, misc]
        """Asks us about the host's key, and whoever logs in about nothing."""

        def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:
            return verdict.trusts(key.export_public_key("openssh"))

    return Client()


class LoginOptions(TypedDict):
    """Arguments of `asyncssh.connect` that prove who the user is."""

    client_keys: list[Any] | None
    public_key_auth: bool
    password: str | None
    password_auth: bool
    kbdint_auth: bool


@asynccontextmanager
async def _means(asyncssh: ModuleType, credentials: Credentials) -> AsyncIterator[LoginOptions]:
    """The arguments by which somebody logs in; the agent stays open within the block.

    Raises:
        InvalidKey: the key cannot be read.
        AuthenticationFailed: there is no agent, or it holds no key.
    """
    keys: list[Any] = []
    agent = None
    if credentials.method == "key":
        keys = [await asyncio.to_thread(_private_key, asyncssh, credentials)]
    elif credentials.method == "agent":
        agent, keys = await _agent_keys(asyncssh)
    with_password = credentials.password is not None
    try:
        yield {
            "client_keys": keys or None,
            "public_key_auth": bool(keys),
            "password": credentials.password,
            "password_auth": with_password,
            "kbdint_auth": with_password,
        }
    finally:
        if agent is not None:
            agent.close()
            await agent.wait_closed()


async def _agent_keys(asyncssh: ModuleType) -> tuple[Any, list[Any]]:
    try:
        agent = await asyncssh.connect_agent()
        keys = list(await agent.get_keys())
    except (OSError, ValueError):
        raise AuthenticationFailed(
            "No SSH agent answers the viewer (SSH_AUTH_SOCK). Give a password, a key or a key file."
        ) from None
    if not keys:
        agent.close()
        raise AuthenticationFailed(
            "The SSH agent holds no key: add one with ssh-add, or give a password or a key."
        )
    return agent, keys


def _private_key(asyncssh: ModuleType, credentials: Credentials) -> Any:
    """The key that was given as text or as a file.

    Raises:
        InvalidKey: there is none to read in it, or the passphrase does not open it.
    """
    sentence = KEY_TEXT if credentials.private_key else KEY_FILE
    try:
        if credentials.private_key:
            content = credentials.private_key.strip().encode() + b"\n"
        else:
            content = _key_file(str(credentials.private_key_path))
        return asyncssh.import_private_key(content, credentials.passphrase or None)
    except asyncssh.KeyEncryptionError:
        raise InvalidKey(PASSPHRASE) from None
    except asyncssh.KeyImportError as error:
        raise InvalidKey(PASSPHRASE if "assphrase" in str(error) else sentence) from None
    except (OSError, ValueError):
        raise InvalidKey(sentence) from None


def _key_file(text: str) -> bytes:
    path = Path(os.path.expanduser(text))
    if not path.is_absolute():
        raise OSError(errno.ENOENT, "no absolute path")
    return _platform.read_regular(path, KEY_BYTES, follow_links=True)


def _why(
    asyncssh: ModuleType,
    address: Address,
    credentials: Credentials,
    verdict: Verdict,
    error: Exception,
    timeout: float,
) -> Exception:
    """Our error for what asyncssh says of a connection that did not come about."""
    if verdict.refused is not None:
        return verdict.refused
    place = f"{address.host} port {address.port}"
    if isinstance(error, asyncssh.PermissionDenied):
        return AuthenticationFailed(_refused(address, credentials))
    if isinstance(error, TimeoutError):
        return HostUnreachable(
            f"{place} did not answer within {timeout:.0f} s: check that the machine is up and reachable from here."
        )
    if isinstance(error, socket.gaierror):
        return HostUnreachable(f"There is no host {address.host} known here: check the name.")
    if isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) == errno.ECONNREFUSED:
        return HostUnreachable(
            f"{place} refused the connection: check the port, and that an SSH server runs there."
        )
    if isinstance(error, asyncssh.KeyExchangeFailed | asyncssh.ProtocolNotSupported):
        return HostUnreachable(f"{place} speaks an SSH that is too old or too new for this viewer.")
    if isinstance(error, asyncssh.ConnectionLost | asyncssh.ProtocolError | ConnectionResetError):
        return HostUnreachable(
            f"{place} broke the connection off before a login: check that it is an SSH server, and that it lets "
            "this machine in. After failed logins a host may refuse everybody from here for some minutes."
        )
    if isinstance(error, asyncssh.DisconnectError):
        return HostUnreachable(f"{place} ended the connection: {printable(error.reason)}.")
    if isinstance(error, OSError):
        return HostUnreachable(
            f"{place} cannot be reached: {os.strerror(error.errno) if error.errno else 'unknown reason'}."
        )
    return HostUnreachable(f"{place} does not speak SSH in a way that is understood here: check the port.")


def _refused(address: Address, credentials: Credentials) -> str:
    given = {
        "password": ("this password", "check the username and the password, or give a key"),
        "key": (
            "this key",
            f"check the username, add the key to ~/.ssh/authorized_keys of {address.username} there, or give another one",
        ),
        "agent": ("any key of the SSH agent", "check the username, give a password or another key"),
    }
    what, advice = given.get(
        credentials.method, ("no proof at all", "check the username, give a password or a key")
    )
    return f"{address.host} does not let {address.username} in with {what}: {advice}."
