"""A newcomer whose script wrote elsewhere: the empty page and the start of the viewer name that folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

import runicorn as rn
from runicorn.settings import known_roots, user, user_root
from runs.active_root import active_root
from runs.index import discovery
from tests.processes import Viewer

pytestmark = pytest.mark.django_db


def _script_elsewhere(folder: Path) -> None:
    rn.init("first", "hello", storage=folder, capture_env=False, system_metrics=False).finish()


def test_the_page_names_folders_with_runs_and_shows_them_by_a_click(
    store: Path, client: Client, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other <folder>"
    _script_elsewhere(elsewhere)
    text = client.get("/").content.decode()
    assert str(store) in text and "other &lt;folder&gt;" in text
    assert ".runicorn</code> in the folder where it is started" in text and "storage=" in text
    answer = client.post("/settings/root", {"path": str(elsewhere), "from": "runs"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    discovery.full(active_root())
    assert "hello" in client.get("/").content.decode()


def test_where_all_scripts_write_here_the_example_names_no_folder(store: Path, client: Client) -> None:
    user_root.set_user_root(str(store))
    text = client.get("/").content.decode()
    assert 'name="hello")' in text and "Let all scripts write here" not in text


def test_the_list_of_roots_is_bounded_and_leaves_out_what_is_gone(tmp_path: Path, home: Path) -> None:
    for number in range(known_roots.MOST + 5):
        known_roots.remember(tmp_path / f"root-{number}")
    assert len(list((user.data_directory() / known_roots.FOLDER).iterdir())) == known_roots.MOST
    assert known_roots.others(tmp_path) == []
    (tmp_path / f"root-{known_roots.MOST}").mkdir()
    (other,) = known_roots.others(tmp_path)
    assert other.path == tmp_path / f"root-{known_roots.MOST}"


def test_the_start_of_a_viewer_without_runs_names_the_folder_of_the_last_script(
    tmp_path: Path, home: Path, start_viewer: Callable[..., Viewer]
) -> None:
    _script_elsewhere(tmp_path / "elsewhere")
    viewer = start_viewer()
    assert viewer.output.splitlines()[1] == (
        f"Runs were written to {tmp_path / 'elsewhere'}: runicorn viewer --storage {tmp_path / 'elsewhere'}"
    )
