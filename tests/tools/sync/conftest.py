"""A remote host with a store, its clients, and a network that can be cut."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.processes import Viewer
from tests.tools.sync.far import LIBRARIES, TalkativeSshd, over_asyncssh, store_of
from tests.tools.sync.proxy import Proxy
from tests.tools.sync.sending import senders


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TalkativeSshd]:
    """A real SSH server with an empty store."""
    server = TalkativeSshd(tmp_path / "far")
    store_of(server).mkdir()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def there(server: TalkativeSshd) -> Path:
    """The remote store as a local folder."""
    return store_of(server)


@pytest.fixture
def sftp(server: TalkativeSshd) -> Iterator[Any]:
    """A connected SFTP client of asyncssh."""
    with over_asyncssh(server) as client:
        yield client


@pytest.fixture(params=sorted(LIBRARIES))
def any_sftp(server: TalkativeSshd, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A connected SFTP client of each library."""
    with ExitStack() as stack:
        yield stack.enter_context(LIBRARIES[request.param](server))


@pytest.fixture
def near(tmp_path: Path, home: Path) -> Iterator[Path]:
    """The store of a machine that logs to a server; its senders end with the test."""
    root = tmp_path / "near"
    root.mkdir()
    home.mkdir(parents=True, exist_ok=True)
    yield root
    for process in senders(root):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            process.kill()
            process.wait(60)


@pytest.fixture
def network(viewer: Viewer) -> Iterator[Proxy]:
    """The network between that machine and the viewer."""
    proxy = Proxy(viewer.port)
    yield proxy
    proxy.stop()
