"""Identify the local user at the other end of a loopback TCP connection.

Linux reports the owner of a connection by its addresses (sock_diag(7), as `ss -tne` does); on other systems the user is
unknown (None).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
ANY_STATE = 0xFFFFFFFF
NO_COOKIE = b"\xff" * 8
HEADER = struct.Struct("=IHHII")
REQUEST = struct.Struct("=BBBBI")
ANSWER = struct.Struct("=BBBB48sIIIII")
"""inet_diag_msg: family, state, timer, retransmits, inet_diag_sockid, expires, rqueue, wqueue, uid, inode."""
WAIT_SECONDS = 1.0
OVERFLOW_UID = Path("/proc/sys/kernel/overflowuid")

Endpoint = tuple[str, int]


@dataclass(frozen=True)
class Connection:
    """The two ends of a request's connection; None for a Unix socket."""

    client: Endpoint | None
    server: Endpoint | None

    @property
    def address(self) -> str:
        """The client's address, by which wrong tokens are counted."""
        return self.client[0] if self.client else ""

    @cached_property
    def uid(self) -> int | None:
        """The UID of the client, if it is on this machine and the system tells."""
        return uid_of(self.client, self.server) if self.client and self.server else None


def connection(client: Sequence[object] | None, server: Sequence[object] | None) -> Connection:
    """Return the connection of an ASGI scope's `client` and `server`."""
    return Connection(_endpoint(client), _endpoint(server))


def _endpoint(pair: Sequence[object] | None) -> Endpoint | None:
    return (str(pair[0]), int(str(pair[1]))) if pair and pair[1] is not None else None


def uid_of(client: Endpoint, server: Endpoint) -> int | None:
    """Return the UID that owns the client's socket of a connection between two loopback addresses.

    None if the client has closed its socket: the kernel gives abandoned sockets to root.
    """
    if sys.platform != "linux":
        return None
    try:
        local, remote = ipaddress.ip_address(client[0]), ipaddress.ip_address(server[0])
        if not (local.is_loopback and remote.is_loopback and local.version == remote.version):
            return None
        return _ask(local.packed, client[1], remote.packed, server[1])
    except (OSError, ValueError, struct.error):
        return None


def _ask(local: bytes, local_port: int, remote: bytes, remote_port: int) -> int | None:
    family = socket.AF_INET if len(local) == 4 else socket.AF_INET6
    ends = struct.pack("!HH16s16s", local_port, remote_port, local, remote)
    body = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, ANY_STATE)
    body += ends + struct.pack("=I", 0) + NO_COOKIE
    length = HEADER.size + len(body)
    with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)) as netlink:
        netlink.settimeout(WAIT_SECONDS)
        netlink.send(HEADER.pack(length, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0) + body)
        answer = netlink.recv(4096)
    if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None  # NLMSG_ERROR: there is no such connection
    _, _, _, _, answered_ends, _, _, _, uid, inode = ANSWER.unpack_from(answer, HEADER.size)
    if not answered_ends.startswith(ends) or not inode:
        return None
    return int(uid)


def can_identify(uid: int) -> bool:
    """Return whether this system tells which connections belong to `uid`, tried on a connection of our own."""
    try:
        # All UIDs unknown to a user namespace are mapped to this one.
        if sys.platform != "linux" or int(OVERFLOW_UID.read_text()) == uid:
            return False
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            socket.create_connection(listening.getsockname(), timeout=WAIT_SECONDS) as client,
        ):
            return uid_of(client.getsockname(), listening.getsockname()) == uid == os.geteuid()
    except (OSError, ValueError):
        return False
