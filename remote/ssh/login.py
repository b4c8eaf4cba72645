"""SSH login with a verified host and exactly the given credentials."""

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
from runicorn.message import Message, gettext_noop

CONNECT_SECONDS = 10.0
"""From the first packet to the login, in seconds."""
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
"""Accepted types of host keys in order of preference, with their signatures; SHA-1 signatures of RSA keys are excluded."""


async def connect(address: Address, credentials: Credentials, timeout: float = CONNECT_SECONDS) -> Link:
    """Connect to a host, verify its key and log in.

    Raises:
        HostKeyConflict: the host's key is unknown or changed.
        InvalidInput: SSH cannot carry the username.
        HostUnreachable: any other failure; the sentence says what to do.
    """
    asyncssh = await asyncio.to_thread(library)
    _check_username(asyncssh, address.username)
    check = HostKeyCheck(address, await asyncio.to_thread(host_keys.content))
    try:
        async with asyncio.timeout(timeout), _auth_arguments(asyncssh, credentials) as arguments:
            connection = await asyncssh.connect(
                address.host,
                address.port,
                username=address.username,
                client_factory=lambda: _client(asyncssh, check),
                server_host_key_algs=check.signatures,
                **arguments,
                **CONNECT_OPTIONS,
            )
    except (asyncssh.Error, OSError, ValueError) as error:
        raise _convert(asyncssh, address, credentials, check, error, timeout) from None
    assert check.host_key is not None
    return Link(address, connection, check.host_key)


def _check_username(asyncssh: ModuleType, username: str) -> None:
    """Reject a username that would reach the host changed, or not at all (RFC 4252 requires SASLprep)."""
    try:
        same = asyncssh.saslprep.saslprep(username) == username
    except asyncssh.saslprep.SASLPrepError:
        same = False
    if not same:
        raise InvalidInput(
            "username", "username: contains characters that SSH does not support, or not in this form."
        )


CONNECT_OPTIONS: dict[str, Any] = {
    "config": None,
    # A function, because asyncssh replaces every empty value by the user's default files.
    "known_hosts": lambda host, addr, port: ([], [], []),
    "x509_trusted_certs": None,
    "agent_path": None,
    "agent_forwarding": False,
    "pkcs11_provider": None,
    "gss_host": None,
    "host_based_auth": False,
    "client_host_keysign": False,
    "login_timeout": 0,  # the caller limits the whole connect
    "keepalive_interval": KEEPALIVE_SECONDS,
    "keepalive_count_max": KEEPALIVES_MISSED,
    "send_env": (),
    "x11_forwarding": False,
    "request_pty": False,
}


class HostKeyCheck:
    def __init__(self, address: Address, known_hosts: str) -> None:
        self.address, self.known_hosts = address, known_hosts
        self.host_key: HostKey | None = None
        self.refusal: HostKeyConflict | HostUnreachable | None = None
        key_types = [key.key_type for key in hosts_file.keys_of(known_hosts, address.host, address.port)]
        # Types of trusted keys come first, so that the host presents a key that can be compared.
        ordered = sorted(HOST_KEY_SIGNATURES, key=lambda kind: kind not in key_types)
        self.signatures = [signature for kind in ordered for signature in HOST_KEY_SIGNATURES[kind]]

    def is_trusted(self, exported: bytes) -> bool:
        self.host_key = public_key(exported.decode("ascii"))
        try:
            host_keys.verify(self.known_hosts, self.address.host, self.address.port, self.host_key)
        except (HostKeyConflict, HostUnreachable) as error:
            self.refusal = error
            return False
        return True


def _client(asyncssh: ModuleType, check: HostKeyCheck) -> Any:
    class Client(asyncssh.SSHClient):  # type: ignore[name-defined, misc]
        """Verifies the host key; never prompts the user."""

        def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:
            return check.is_trusted(key.export_public_key("openssh"))

    return Client()


class LoginOptions(TypedDict):
    """Arguments of `asyncssh.connect` that prove who the user is."""

    client_keys: list[Any] | None
    public_key_auth: bool
    password: str | None
    password_auth: bool
    kbdint_auth: bool


@asynccontextmanager
async def _auth_arguments(asyncssh: ModuleType, credentials: Credentials) -> AsyncIterator[LoginOptions]:
    """Yield the authentication arguments; the agent stays open within the block."""
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
            "The viewer cannot reach an SSH agent (SSH_AUTH_SOCK). Use a password, a key or a key file."
        ) from None
    if not keys:
        agent.close()
        raise AuthenticationFailed(
            "The SSH agent has no keys. Add one with ssh-add, or use a password or a key."
        )
    return agent, keys


def _private_key(asyncssh: ModuleType, credentials: Credentials) -> Any:
    """Read the key that was given as text or as a file."""
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
        raise OSError(errno.ENOENT, "not an absolute path")
    return _platform.read_regular(path, KEY_BYTES, follow_links=True)


def _convert(
    asyncssh: ModuleType,
    address: Address,
    credentials: Credentials,
    check: HostKeyCheck,
    error: Exception,
    timeout: float,
) -> Exception:
    """Convert asyncssh's error about a failed connect to ours."""
    if check.refusal is not None:
        return check.refusal
    place = Message("{host} port {port}", host=address.host, port=address.port)
    if isinstance(error, asyncssh.PermissionDenied):
        return AuthenticationFailed(_rejection(address, credentials))
    if isinstance(error, TimeoutError):
        return HostUnreachable(
            "{place} did not answer within {timeout} s. Check that the host is up and reachable from "
            "this machine.",
            place=place,
            timeout=f"{timeout:.0f}",
        )
    if isinstance(error, socket.gaierror):
        return HostUnreachable("Unknown host {host}. Check the name.", host=address.host)
    if isinstance(error, ConnectionRefusedError) or getattr(error, "errno", None) == errno.ECONNREFUSED:
        return HostUnreachable(
            "{place} refused the connection. Check the port, and that an SSH server runs there.", place=place
        )
    if isinstance(error, asyncssh.KeyExchangeFailed | asyncssh.ProtocolNotSupported):
        return HostUnreachable(
            "{place} uses an SSH version or algorithms that this viewer does not support.", place=place
        )
    if isinstance(error, asyncssh.ConnectionLost | asyncssh.ProtocolError | ConnectionResetError):
        return HostUnreachable(
            "{place} closed the connection before the login. Check that it is an SSH server and "
            "accepts connections from this machine. After failed logins a host may refuse connections "
            "for some minutes.",
            place=place,
        )
    if isinstance(error, asyncssh.DisconnectError):
        return HostUnreachable(
            "{place} ended the connection: {reason}.", place=place, reason=printable(error.reason)
        )
    if isinstance(error, OSError):
        return HostUnreachable(
            "{place} cannot be reached: {reason}.",
            place=place,
            reason=os.strerror(error.errno) if error.errno else Message("unknown reason"),
        )
    return HostUnreachable("{place} does not respond like an SSH server. Check the port.", place=place)


def _rejection(address: Address, credentials: Credentials) -> Message:
    return Message(REJECTIONS[credentials.method], host=address.host, username=address.username)


REJECTIONS = {
    "password": gettext_noop(
        "Authentication failed for {username}@{host}: the password was not accepted. Check the user name and the password, or use a key."
    ),
    "key": gettext_noop(
        "Authentication failed for {username}@{host}: the key was not accepted. Check the user name, add the key to "
        "~/.ssh/authorized_keys on the host, or use another one."
    ),
    "agent": gettext_noop(
        "Authentication failed for {username}@{host}: no agent key was accepted. Check the user name, or use a password or another key."
    ),
    "none": gettext_noop(
        "Authentication failed for {username}@{host}: a login without credentials was not accepted. Check the user name, or use a password or a key."
    ),
}
