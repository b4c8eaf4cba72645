"""A viewer watches folders of its machine: the runs of other trackers below them appear and grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from django.test import Client
from rest_framework.test import APIClient

from runicorn_site.watching.services import folders_of
from tests.importers.test_folders_are_watched import append
from tests.importers.test_import_of_trackers import points, runs
from tests.importers.test_repeated_imports import event_file
from tests.processes import Viewer, command_of
from tests.waiting import until

ROUTE = "/api/v2/watched-folders"


def services_of(viewer: Viewer) -> list[psutil.Process]:
    """The processes of a viewer that watch."""
    children = psutil.Process(viewer.process.pid).children()
    return [process for process in children if "runicorn_importers.watching.service" in command_of(process)]


def state(viewer: Viewer) -> dict[str, Any]:
    (folder,) = viewer.get(ROUTE).json()
    return dict(folder)


def test_a_watched_folder_survives_a_restart_and_its_process_ends_with_the_viewer(
    start_viewer: Callable[..., Viewer], folder: Path, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    file = event_file(logs / "a", 3)
    damaged = event_file(logs / "b", 5)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
    first = start_viewer(RUNICORN_RATE_LIMIT="off")
    added = first.post(ROUTE, json={"path": str(logs)})
    assert (added.status_code, added.json()["status"]) == (201, "waiting")
    until(lambda: state(first)["status"] == "watching")
    now = state(first)
    assert (now["runs"], now["error"]) == (1, "") and now["scanned_at"] > now["added_at"]
    assert "damaged" in now["failed"][0]["reason"]
    until(lambda: [run["name"] for run in first.get("/api/runs").json()] == ["a"])
    (service,) = services_of(first)
    first.kill()
    until(lambda: not service.is_running())
    append(file, range(3, 9))
    second = start_viewer(RUNICORN_RATE_LIMIT="off")
    until(lambda: len(points(runs(folder)["logs/a"], "loss")) == 9)
    assert requests.delete(f"{second.url}{ROUTE}/{now['id']}", timeout=30).json() == {"ok": True}
    until(lambda: not services_of(second))
    assert second.get(ROUTE).json() == [] and len(second.get("/api/runs").json()) == 1
    second.post(ROUTE, json={"path": str(logs)})
    (service,) = until(lambda: services_of(second))
    second.stop()
    assert not service.is_running()


def test_a_missing_folder_is_reported(store: Path, home: Path, tmp_path: Path, api: APIClient) -> None:
    from runicorn_importers.watching.service import Service
    from runicorn_importers.watching.state import Folder

    event_file(tmp_path / "logs" / "a", 2)
    for name in ("logs", "gone"):
        (tmp_path / name).mkdir(exist_ok=True)
        api.post(ROUTE, {"path": str(tmp_path / name), "project": "p"}, format="json")
    (tmp_path / "gone").rmdir()
    service = Service(store)
    service.folders = [Folder(row["id"], row["path"], row["project"]) for row in api.get(ROUTE).json()]
    service.run_pass()
    logs, missing = api.get(ROUTE).json()
    assert (logs["status"], logs["runs"], logs["project"]) == ("watching", 1, "p")
    assert (missing["status"], missing["error"]) == ("error", "The folder does not exist.")
    assert list(runs(store)) == ["p/a"]
    assert api.delete(f"{ROUTE}/{missing['id']}").status_code == 200
    service.run_pass()
    assert [folder["path"] for folder in api.get(ROUTE).json()] == [str(tmp_path / "logs")]
    assert api.delete(f"{ROUTE}/{missing['id']}").status_code == 404


def test_paths_that_cannot_be_watched_are_refused(
    store: Path, home: Path, tmp_path: Path, api: APIClient, client: Client
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "same").symlink_to(tmp_path / "logs")
    (tmp_path / "all").symlink_to("/")
    assert api.post(ROUTE, {"path": str(tmp_path / "logs")}, format="json").status_code == 201
    refused = {
        "logs": "absolute",
        str(tmp_path / "missing"): "no readable folder",
        "/\0": "",
        "/": "whole file system",
        str(tmp_path / "all"): "whole file system",
        str(store): "storage root",
        str(store / ".." / store.name): "storage root",
        str(tmp_path / "same"): "already watched",
    }
    for path, reason in refused.items():
        answer = api.post(ROUTE, {"path": path}, format="json")
        assert answer.status_code == 400 and reason in answer.content.decode(), path
    named = api.post(ROUTE, {"path": str(tmp_path), "project": "../x"}, format="json")
    assert named.status_code == 400 and "project" in named.json()["errors"]
    page = client.post("/import/watch", {"path": "logs", "project": ""})
    assert page.status_code == 400 and "The path must be absolute" in page.content.decode()
    assert len(folders_of(str(store))) == 1


def test_the_page_adds_and_removes_a_folder(store: Path, home: Path, tmp_path: Path, client: Client) -> None:
    (tmp_path / "logs").mkdir()
    assert "No folder is watched." in client.get("/import").content.decode()
    answer = client.post("/import/watch", {"path": str(tmp_path / "logs"), "project": "vision"})
    assert (answer.status_code, answer["Location"]) == (302, "/import#watched-title")
    (folder,) = folders_of(str(store))
    assert (folder.path, folder.project) == (str(tmp_path / "logs"), "vision")
    text = client.get("/import/watched").content.decode()
    assert "Waiting for the first scan" in text and str(tmp_path / "logs") in text
    client.post("/import/unwatch", {"id": folder.id})
    assert folders_of(str(store)) == []


def test_watching_can_be_switched_off(
    store: Path, home: Path, tmp_path: Path, api: APIClient, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("RUNICORN_DISABLE", "watch")
    answer = api.post(ROUTE, {"path": str(tmp_path / "logs")}, format="json")
    assert answer.status_code == 403 and "switched off" in answer.json()["detail"]
    page = client.get("/import").content.decode()
    assert "Watching folders is switched off on this server." in page and 'action="/import/watch"' not in page
    assert client.post("/import/watch", {"path": str(tmp_path / "logs")}).status_code == 403
