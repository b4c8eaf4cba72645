"""What the tests of the client share: one viewer over a small store, and a server that answers as the test says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import runicorn.api as api
from runicorn.api.transport import Transport
from tests.folders import write_run
from tests.processes import Viewer
from tests.sdk.client.recorder import Recorder, told_server

BEGIN = 1.7e9
IDS = [f"20231114_221320_{number:06d}" for number in range(5)]


@pytest.fixture(scope="session")
def store_viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer, without rate limits, over five runs; the last one is the newest. Tests leave no trace in it."""
    home = tmp_path_factory.mktemp("home")
    root = home / "store"
    root.mkdir()
    for number, run_id in enumerate(IDS):
        write_run(
            root,
            project=("vision", "nlp")[number % 2],
            name=f"net{number % 3}",
            run_id=run_id,
            created_at=BEGIN + number,
            status=("finished", "failed")[number == 3],
            config={"lr": 0.1 * (number + 1)},
            summary={"note": "good", "best_metric_name": "accuracy", "best_metric_value": number / 10},
            tags=["all", f"t{number}"],
            logs=f"epoch {number}\n",
            metrics=[
                {"loss": 1 / step, "accuracy": step / 100} | ({"val, top": float(step)} if step % 2 else {})
                for step in range(1, 11 + number)
            ],
        )
    viewer = Viewer(root, home, RUNICORN_RATE_LIMIT="off")
    yield viewer.wait_until_it_answers()
    viewer.stop()


@pytest.fixture
def client(store_viewer: Viewer) -> Iterator[api.RunicornClient]:
    """A client of that viewer."""
    with api.connect(store_viewer.url) as client:
        yield client


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers as the test says."""
    with told_server() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `transport` would have waited, one after the other."""
    return []


@pytest.fixture
def transport(recorder: Recorder, waits: list[float]) -> Iterator[Transport]:
    """The client's way of asking, to the server that answers as the test says; it notes its waits and goes on."""
    transport = Transport(recorder.url, timeout=60, max_retries=3, sleep=waits.append)
    yield transport
    transport.close()
