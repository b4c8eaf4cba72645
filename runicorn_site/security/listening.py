"""Listening socket of the server, and its URL."""

from __future__ import annotations

import ipaddress
import socket

BACKLOG = 512


class CannotListen(Exception):
    """The server cannot listen on the address; the text says why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; clients that connect before the server is ready wait in its backlog.

    Raises:
        CannotListen: the port is in use or not allowed, or the host is no address of this machine.
    """
    name = host.strip("[]")
    try:
        addresses = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        # Of a name with both address families prefer IPv4, which programs that use 127.0.0.1 try.
        family, kind, _, _, address = min(addresses, key=lambda entry: entry[0] != socket.AF_INET)
        listening = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"{host} is no address of this machine: {error}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise CannotListen(f"Cannot listen on {host} port {port}: {error.strerror or error}") from error
    return listening


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server bound to `host`."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_everywhere(host: str) -> bool:
    """Return whether `host` stands for all addresses of the machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def url(host: str, port: int) -> str:
    name = host.strip("[]")
    if is_everywhere(name):
        name = socket.gethostname()
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
