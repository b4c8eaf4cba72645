"""S3 servers, and viewers whose pool of artifacts is in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.pool.servers import Moto, Radosgw, S3Server
from tests.server.pool.uploading import Lab
from tests.tools.sync.proxy import Proxy

REAL = [pytest.mark.torture, pytest.mark.needs("radosgw", "ceph-mon", "ceph-osd")]


@pytest.fixture(scope="package", params=[Moto, pytest.param(Radosgw, marks=REAL)])
def s3(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server: moto, and in the long form radosgw."""
    server: S3Server = request.param(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def network(s3: S3Server) -> Iterator[Proxy]:
    """The network between viewers and the S3 server."""
    proxy = Proxy(s3.port)
    yield proxy
    proxy.stop()


@pytest.fixture(scope="package")
def shared(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A store with a running viewer, for tests with names and contents of their own."""
    folder, network = tmp_path_factory.mktemp("shared"), Proxy(s3.port)
    (folder / "store").mkdir()
    lab = Lab(s3, network, folder / "store", folder / "home")
    lab.viewer()
    yield lab
    lab.stop()
    network.stop()


@pytest.fixture
def lab(s3: S3Server, network: Proxy, folder: Path, home: Path) -> Iterator[Lab]:
    """A store with a prefix of its own in the bucket, and viewers of it."""
    lab = Lab(s3, network, folder, home)
    yield lab
    lab.stop()
