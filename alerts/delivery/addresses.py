"""Classify the addresses of channels: webhooks, apprise URLs, and invalid ones.

A message may go to this machine and its network, where people run their own receivers. It never goes to link-local
addresses, where clouds serve the credentials of a machine.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from importlib.util import find_spec
from urllib.parse import urlsplit, urlunsplit

from alerts.errors import InvalidAlert
from runicorn.message import Message, gettext_noop

WEBHOOK = "webhook"
WEBHOOKS = {"http": "http", "https": "https", "json+webhook": "http", "json+webhooks": "https"}
EXTRA = gettext_noop("This kind of channel needs the package apprise: pip install apprise")
UNKNOWN = gettext_noop("Not an address of a service that apprise knows")


NAT64 = ipaddress.ip_network("64:ff9b::/96")
METADATA = frozenset({"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"})
"""Addresses of metadata services that are not link-local: of AWS, Google and Alibaba, and the agent of Azure."""


class ForbiddenAddress(Exception):
    """Nothing is sent to this address."""


def kind_of(url: str) -> str:
    """Return the kind of channel that an address is of: `webhook`, or the scheme of apprise.

    Raises:
        InvalidAlert: it is no address, leads to a refused host, or its package is missing.
    """
    scheme, sign, _ = url.partition("://")
    scheme = scheme.lower()
    if not sign or not scheme:
        raise InvalidAlert("url", Message("An address like https://… or slack://… is required"))
    if scheme in WEBHOOKS:
        try:
            host = urlsplit(webhook_url(url)).hostname
            _ = urlsplit(webhook_url(url)).port
        except ValueError:
            host = None
        if not host:
            raise InvalidAlert("url", Message("The address has no host, or an invalid port"))
        _check_literal(host)
        return WEBHOOK
    if find_spec("apprise") is None:
        raise InvalidAlert("url", Message(EXTRA))
    from apprise import Apprise

    plugin = Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        raise InvalidAlert("url", Message(UNKNOWN))
    for host in hosts_of(plugin):
        _check_literal(host)
    return scheme[:64]


def hosts_of(plugin: object) -> list[str]:
    """Return the hosts in the attributes of a service of apprise, such as `host` and `smtp_host`, and in its URLs."""
    hosts = []
    for name, value in vars(plugin).items():
        if not isinstance(value, str) or not value:
            continue
        if name.endswith("host"):
            hosts.append(value)
        elif "://" in value:
            with suppress(ValueError):
                hosts.append(urlsplit(value).hostname or "")
    return [host for host in hosts if host]


def webhook_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((WEBHOOKS[parts.scheme.lower()], parts.netloc, parts.path, parts.query, ""))


def check_host(host: str) -> None:
    """Resolve a host, and check its addresses.

    Raises:
        ForbiddenAddress: one of them is refused.
    """
    for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        check_address(str(address[0]))


def check_address(address: str) -> None:
    """Check an IP address.

    Raises:
        ForbiddenAddress: it is link-local, multicast or unspecified.
    """
    if _is_refused(address):
        raise ForbiddenAddress(f"{address} is a link-local, multicast or unspecified address")


def _check_literal(host: str) -> None:
    if _is_refused(host):
        raise InvalidAlert("url", Message("Nothing is sent to {host}", host=host))


def _is_refused(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        through_nat64 = ipaddress.IPv4Address(address.packed[-4:]) if address in NAT64 else None
        address = address.ipv4_mapped or address.sixtofour or through_nat64 or address
    is_special = address.is_link_local or address.is_multicast or address.is_unspecified
    return is_special or str(address) in METADATA
