from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import runicorn.api as api
from tests.sdk.client.conftest import IDS


def test_threads_get_the_answers_to_their_own_questions(client: api.RunicornClient) -> None:
    start = threading.Barrier(8)

    def ask(number: int) -> bool:
        start.wait()
        run_id = IDS[number % len(IDS)]
        return all(client.get_run(run_id)["id"] == run_id for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))


def test_a_forked_process_has_connections_of_its_own(client: api.RunicornClient) -> None:
    assert client.get_run(IDS[0])["id"] == IDS[0]
    fork = multiprocessing.get_context("fork")
    mine, theirs = fork.Pipe()

    def child() -> None:
        theirs.send([client.get_run(IDS[1])["id"] for _ in range(5)])

    process = fork.Process(target=child)
    process.start()
    assert {client.get_run(IDS[0])["id"] for _ in range(5)} == {IDS[0]}
    assert mine.recv() == [IDS[1]] * 5
    process.join()
