"""HTTP session that checks the address of each connection before it sends anything.

A name can resolve to another address when it is connected to than when it was checked.
"""

from __future__ import annotations

from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from alerts.delivery.addresses import check_address


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        check_address(self.sock.getpeername()[0])


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        check_address(self.sock.getpeername()[0])


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def checked_session() -> Session:
    """Return a session whose direct connections are checked; those to a proxy are not."""
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    return session
