from __future__ import annotations

import socket
import struct
from contextlib import ExitStack

import pytest

from tests.server.live.files import numbered, open_descriptors
from tests.server.live.sockets import LiveRun, lines, silent_socket
from tests.waiting import until

SOON = 15
"""Seconds, fewer than the server waits before it asks who is still there: only the end itself can have been noticed."""


def watched(run: LiveRun) -> list[str]:
    """Which of the run's growing files the server holds open."""
    return open_descriptors(run.server.process.pid, [run.log, run.journal])


def test_fifty_clients_share_one_descriptor_and_leave_none(new_run) -> None:
    run = new_run(logs="")
    with ExitStack() as stack:
        clients = [stack.enter_context(run.open_log()) for _ in range(50)]
        run.write_log(numbered(2000))
        for client in clients:
            assert lines(client, 2000) == numbered(2000).splitlines()
        assert len(watched(run)) == 1
    until(lambda: not watched(run), timeout=SOON)


def test_the_live_socket_leaves_no_descriptor_open(new_run) -> None:
    run = new_run(logs="one\n", metrics=[{"loss": 1.0}])
    with run.open_live():
        until(lambda: len(watched(run)) == 2)
    until(lambda: not watched(run), timeout=SOON)


def test_a_connection_that_is_reset_is_released_at_once(new_run) -> None:
    run = new_run(logs="one\n")
    client = silent_socket(run.server, f"/api/runs/{run.id}/logs/ws")
    until(lambda: watched(run))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    until(lambda: not watched(run), timeout=SOON)


def test_a_client_that_leaves_in_the_middle_of_a_long_history_is_released(new_run) -> None:
    run = new_run(logs=numbered(100_000))
    for _ in range(5):
        silent_socket(run.server, f"/api/runs/{run.id}/logs/ws?from=0").close()
        with run.open_log("?from=0", max_queue=4) as client:
            lines(client, 10)
    until(lambda: not watched(run), timeout=SOON)


@pytest.mark.torture
def test_a_client_that_vanished_is_released_within_a_minute(new_run) -> None:
    run = new_run(logs="one\n")
    client = silent_socket(run.server, f"/api/runs/{run.id}/logs/ws")
    until(lambda: watched(run))
    until(lambda: not watched(run), pause=0.5)
    client.close()


def test_open_sockets_do_not_keep_the_server_from_ending(start_viewer, folder, make_run) -> None:
    run_id = make_run(folder, logs="one\n", status="finished")
    viewer = start_viewer(RUNICORN_RATE_LIMIT="off")
    sockets = [silent_socket(viewer, f"/api/runs/{run_id}/logs/ws") for _ in range(5)]
    sockets += [silent_socket(viewer, f"/runs/{run_id}/live") for _ in range(5)]
    assert viewer.stop() == 0
    for client in sockets:
        client.close()
