from __future__ import annotations

import shutil

import pytest

from tests.processes import Viewer
from tests.server.live.sockets import close_code, lines, open_socket


@pytest.mark.parametrize("path", ["/api/runs/{}/logs/ws", "/api/runs/{}/logs/ws/", "/runs/{}/live"])
@pytest.mark.parametrize(("run_id", "code"), [("20200101_000000_ffffff", 4404), ("no-run-id", 4400)])
def test_an_unknown_run_and_a_malformed_id_are_told_apart(
    server: Viewer, path: str, run_id: str, code: int
) -> None:
    with open_socket(server, path.format(run_id)) as client:
        assert close_code(client) == code


def test_a_deleted_run_is_not_found(new_run) -> None:
    run = new_run(status="finished", logs="one\n")
    run.delete()
    with run.open_log() as client:
        assert close_code(client) == 4404


def test_a_run_deleted_meanwhile_closes_its_sockets(new_run) -> None:
    run = new_run(status="finished", logs="one\n")
    with run.open_log() as log, run.open_live() as live:
        assert lines(log, 1) == ["one"]
        run.delete()
        assert close_code(log) == 4404
        assert close_code(live) == 4404


def test_a_run_whose_folder_goes_closes_its_sockets(new_run) -> None:
    run = new_run(status="finished", logs="one\n")
    with run.open_log() as log, run.open_live() as live:
        assert lines(log, 1) == ["one"]
        shutil.rmtree(run.folder)
        assert close_code(log) == 4404
        assert close_code(live) == 4404
