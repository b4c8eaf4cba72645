from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn_site.server import worker
from runicorn_site.server.worker import Term, Worker
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(folder: Path, home: Path) -> Path:
    """A root that is active, so that threads see it."""
    from runs.active_root import activate

    activate(folder)
    return folder


def counting_loop(working: list[str], name: str) -> Callable[[Term], None]:
    """A loop that says who works."""

    def discover(term: Term) -> None:
        working.append(name)
        while term.goes_on():
            term.stopping.wait(0.01)
        working.remove(name)

    return discover


def start(locks: Path, loop: Callable[[Term], None]) -> tuple[Worker, threading.Thread]:
    """A worker with only this loop."""
    worker = Worker(locks)
    thread = threading.Thread(target=worker._lead, args=(loop,))
    thread.start()
    worker.threads.append(thread)
    return worker, thread


def test_one_viewer_works_and_another_takes_over(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.01)
    working: list[str] = []
    first, _ = start(tmp_path, counting_loop(working, "first"))
    until(lambda: working == ["first"])
    second, _ = start(tmp_path, counting_loop(working, "second"))
    first.stop(60)
    until(lambda: working == ["second"])
    second.stop(60)
    assert working == []


def test_the_worker_follows_the_active_root(root: Path, tmp_path: Path) -> None:
    from runs.active_root import activate

    paths: list[str] = []

    def discover(term: Term) -> None:
        paths.append(term.root.path)
        while term.goes_on():
            term.stopping.wait(0.01)

    worker, _ = start(tmp_path, discover)
    until(lambda: paths == [str(root)])
    (tmp_path / "other").mkdir()
    activate(tmp_path / "other")
    until(lambda: paths == [str(root), str(tmp_path / "other")])
    worker.stop(60)


def test_an_error_is_logged_and_work_goes_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "AFTER_ERROR_SECONDS", 0.01)
    rounds: list[int] = []

    def discover(term: Term) -> None:
        rounds.append(1)
        raise OSError("the disk is gone")

    first_worker, _ = start(tmp_path, discover)
    until(lambda: len(rounds) >= 3)
    first_worker.stop(60)
    assert "the disk is gone" in caplog.text


def test_the_worker_stops_in_time(root: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.start()
    names = [thread.name for thread in worker.threads]
    worker.stop(10)
    assert names == [
        *("discover", "ingest", "catalogue", "judge", "alerts", "deliver", "watch", "keep_wal_small")
    ]
    assert not any(thread.is_alive() for thread in worker.threads)
