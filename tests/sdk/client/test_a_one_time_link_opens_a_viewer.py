"""A client that is given the one-time link of a viewer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn.api as api
from tests.processes import Viewer
from tests.waiting import until


def test_a_link_opens_a_viewer_once_for_reading_and_writing(
    folder: Path, home: Path, make_run: Callable[..., str]
) -> None:
    run = make_run(folder)
    (home / "elsewhere").mkdir(parents=True)
    viewer = Viewer(folder, home, "--token", "auto")
    try:
        viewer.wait_until_it_answers()
        link = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/\?once=\S+", viewer.output)).group(0)
        with api.connect(link) as client:
            assert [listed_run["id"] for listed_run in client.list_experiments()] == [run]
            assert client.post("/api/runs/soft-delete", {"run_ids": [run]})["deleted_count"] == 1
        with pytest.raises(api.AuthenticationError):
            # Without the token file of this user, which the client finds otherwise.
            api.connect(link.replace("127.0.0.1", "localhost"), token="wrong")
    finally:
        viewer.kill()
