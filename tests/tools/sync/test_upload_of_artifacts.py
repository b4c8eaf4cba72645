"""A version of many files is uploaded, and resumed after the network was cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runicorn.artifacts.store import Store
from tests.processes import Viewer, train
from tests.tools.sync.proxy import Proxy
from tests.tools.sync.sending import senders
from tests.waiting import until

MANY = """
import pathlib, sys, runicorn as rn
count, large = int(sys.argv[1]), int(sys.argv[2])
folder = pathlib.Path("pictures")
for number in range(count):
    path = folder / f"{number // 1000:03d}" / f"picture of a certain length {number:06d}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%d" % (number * 7919) * 3)
(folder / "large.bin").write_bytes(bytes(range(256)) * 4096 * large)
with rn.init("sent", "many", system_metrics=False, capture_env=False) as run:
    print(run.log_artifact(rn.Artifact("pictures", type="dataset").add_dir(folder)), flush=True)
"""


def contents(store: Path) -> dict[str, Any]:
    """Return digest and size of each file of the version."""
    version = Store(store).find("pictures", "dataset").existing(1)
    return {file.path: (file.digest, file.size) for file in version.manifest.files}


def send(count: int, large: int, near: Path, url: str, home: Path, **more: str) -> None:
    training = train(MANY, near, home, str(count), str(large), RUNICORN_URL=url, **more)
    _, stderr = training.communicate(timeout=600)
    assert training.returncode == 0, stderr


def test_an_interrupted_upload_continues(near: Path, network: Proxy, viewer: Viewer, home: Path) -> None:
    uploads = viewer.root / "artifacts/.uploads"
    network.cut_at = 17_500_000
    # The training does not wait for the network, which comes back later.
    send(300, 40, near, network.url, home, RUNICORN_UPLOAD_TIMEOUT="0.5")
    until(lambda: network.is_cut)
    before = {folder.name for folder in uploads.iterdir()}
    network.restore()
    until(lambda: not senders(near))
    assert contents(viewer.root) == contents(near)
    assert len(before) == 1 and not list(uploads.iterdir())
    # Only the interrupted part of 8 MiB is sent again; resending two would exceed the limit.
    assert network.passed < 54_000_000


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_files_are_sent(near: Path, viewer: Viewer, home: Path) -> None:
    send(99_999, 8, near, viewer.url, home)
    until(lambda: not senders(near), timeout=1200)
    assert contents(viewer.root) == contents(near)
    (version,) = viewer.get("/api/artifacts/pictures/versions").json()
    assert version["num_files"] == 100_000
