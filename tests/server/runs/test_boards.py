"""Boards are files of a project: written by page and script alike, never lost, and tolerated when torn."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

import runicorn as rn
from runicorn.store.project import analysis, boards, description
from runicorn_tools.archives import write
from runicorn_tools.archives.read import import_archive

BOARD: dict[str, Any] = {
    "title": "Losses",
    "sections": [
        {
            "prefix": "val/",
            "order": ["val/acc"],
            "folded": False,
            "items": [
                {"metrics": ["train/loss", "val/loss"], "y_range": [0, None], "y_log": True, "x": "epoch"},
                {"match": "acc|f1", "smoothing": {"method": "ema", "weight": 0.9}, "size": [6, 2]},
                {"markdown": "# Note\n\n*Why* this matters.", "position": [0, 3]},
            ],
        }
    ],
    "pinned": ["val/acc"],
    "hidden": ["system/cpu"],
}
MakeRun = Callable[..., str]
ADDRESS = "/projects/vision/boards/main"


@pytest.fixture(autouse=True)
def project(store: Path, make_run: MakeRun) -> Path:
    make_run(store, project="vision")
    return store / "vision"


@pytest.mark.parametrize("prefix", ["/api/v2", ""])
def test_a_board_is_written_read_listed_and_deleted(api: APIClient, project: Path, prefix: str) -> None:
    put_response = api.put(prefix + ADDRESS, BOARD)
    assert put_response.status_code == 200 and put_response.json()["board"] == BOARD
    assert json.loads((project / "boards" / "main.json").read_text()) == BOARD
    response = api.get(prefix + ADDRESS)
    assert response.json() == api.get(prefix + ADDRESS).json()
    assert (
        response.json()["project"] == "vision" and response.headers["ETag"] == f'"{response.json()["etag"]}"'
    )
    (entry,) = api.get(f"{prefix}/projects/vision/boards").json()["boards"]
    assert (entry["name"], entry["title"], entry["etag"]) == ("main", "Losses", response.json()["etag"])
    assert api.delete(prefix + ADDRESS).status_code == 200
    assert api.get(prefix + ADDRESS).status_code == api.delete(prefix + ADDRESS).status_code == 404
    assert api.get(f"{prefix}/projects/vision/boards").json() == {"boards": []}


def test_of_two_changes_of_one_version_the_second_is_refused(api: APIClient) -> None:
    created = api.put(ADDRESS, BOARD, headers={"If-None-Match": "*"})
    first = created.headers["ETag"]
    assert api.put(ADDRESS, {}, headers={"If-None-Match": "*"}).status_code == 409
    second = api.put(ADDRESS, {"title": "A"}, headers={"If-Match": first})
    refused = api.put(ADDRESS, {"title": "B"}, headers={"If-Match": first})
    assert refused.status_code == 409 and refused.json()["etag"] == second.json()["etag"]
    assert api.delete(ADDRESS, headers={"If-Match": first}).status_code == 409
    assert api.get(ADDRESS).json()["title"] == "A"
    assert api.delete(ADDRESS, headers={"If-Match": second.headers["ETag"]}).status_code == 200
    response = api.put(ADDRESS, {}, headers={"If-Match": first})
    assert response.status_code == 409 and response.json()["etag"] is None


def test_many_writers_of_one_version_make_one_change(store: Path) -> None:
    etag = boards.write(store, "vision", "main", {}).etag
    results: list[bool] = []

    def change(number: int) -> None:
        try:
            boards.write(store, "vision", "main", {"title": str(number)}, expected=etag)
            results.append(True)
        except boards.BoardChanged:
            results.append(False)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("board", "problem"),
    [
        ([], "The board must be an object."),
        ({"colour": 1}, "colour is not a field of it."),
        ({"sections": [{"prefix": "a", "match": "b"}]}, "sections[0] must not have both prefix and match."),
        (
            {"sections": [{"items": [{}]}]},
            "sections[0].items[0] must have one of metrics, match and markdown.",
        ),
        (
            {"sections": [{"items": [{"match": "("}]}]},
            "sections[0].items[0].match is not a regular expression: ",
        ),
        (
            {"sections": [{"items": [{"metrics": ["a"], "y_range": [2, 1]}]}]},
            "sections[0].items[0].y_range must begin below its end.",
        ),
        (
            {"sections": [{"items": [{"metrics": ["a"], "size": [13, 1]}]}]},
            "sections[0].items[0].size[0] must be a whole number from 1 to 12.",
        ),
        ({"pinned": ["a\0b"]}, "pinned[0] must be text of at most 255 characters."),
        ({"title": "\ud800"}, "title must be valid Unicode."),
    ],
)
def test_an_invalid_board_is_refused_and_changes_nothing(
    api: APIClient, project: Path, board: Any, problem: str
) -> None:
    api.put(ADDRESS, BOARD)
    answer = api.put(ADDRESS, json.dumps(board), content_type="application/json")
    assert answer.status_code == 400 and answer.json()["errors"]["non_field_errors"][0].startswith(problem)
    assert api.get(ADDRESS).json()["board"] == BOARD


@pytest.mark.parametrize("name", ["..", "a%2Fb", "con", "a:b", ".hidden", "x" * 101, "a%00b"])
def test_a_name_that_is_no_file_is_refused(api: APIClient, project: Path, name: str) -> None:
    assert api.put(f"/api/v2/projects/vision/boards/{name}", {}).status_code in (400, 404)
    assert not list(project.rglob("boards/*"))


def test_a_board_makes_no_project(api: APIClient, store: Path) -> None:
    answer = api.put("/api/v2/projects/other/boards/main", {})
    assert answer.status_code == 404 and answer.json()["detail"] == "Project not found: other"
    assert not (store / "other").exists()
    assert api.get("/api/v2/projects/other/boards").json() == {"boards": []}


def test_torn_and_foreign_files_are_listed_with_what_is_wrong(
    api: APIClient, project: Path, tmp_path: Path
) -> None:
    folder = project / "boards"
    folder.mkdir()
    secret = tmp_path / "secret.json"
    secret.write_text('{"title": "secret"}')
    (folder / "a torn.json").write_text('{"title": ')
    (folder / "b foreign.json").write_text('{"panels": []}')
    (folder / "c link.json").symlink_to(secret)
    (folder / "d large.json").write_text(" " * (boards.CEILING + 1))
    (folder / "e deep.json").write_text("[" * 100_000)
    (folder / "f folder.json").mkdir()
    (folder / ".hidden.json").write_text("{}")
    (folder / "good.json").write_text(json.dumps(BOARD))
    problems = {
        entry["name"]: entry.get("error") for entry in api.get("/projects/vision/boards").json()["boards"]
    }
    assert list(problems) == ["a torn", "b foreign", "c link", "d large", "e deep", "good"]
    assert problems["a torn"] == "The file is not valid JSON." and problems["good"] is None
    assert problems["b foreign"] == "panels is not a field of it." and "larger" in str(problems["d large"])
    torn = api.get("/projects/vision/boards/a torn").json()
    assert torn["board"] == {} and torn["error"]
    assert (
        api.put("/projects/vision/boards/a torn", {}, headers={"If-Match": torn["etag"]}).status_code == 200
    )


def test_boards_behind_a_link_out_of_the_store_are_not_written(
    api: APIClient, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "boards").symlink_to(outside)
    assert api.put(ADDRESS, BOARD).status_code == 403
    assert not list(outside.iterdir())


def test_a_folder_of_boards_is_no_experiment(api: APIClient, look: Callable[[], None]) -> None:
    api.put(ADDRESS, BOARD)
    look()
    assert api.get("/api/projects/vision/names").json() == {"names": ["resnet"]}


def test_a_script_writes_a_board(store: Path, api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = rn.board(
        "vision",
        "main",
        ["loss", ["train/acc", "val/acc"], {"markdown": "Hello"}],
        title="Mine",
        sections=[{"prefix": "val/", "items": ["val/f1"]}],
        pinned=["loss"],
        storage=store,
    )
    assert path == store / "vision" / "boards" / "main.json"
    assert api.get(ADDRESS).json()["board"] == {
        "title": "Mine",
        "pinned": ["loss"],
        "sections": [
            {"items": [{"metrics": ["loss"]}, {"metrics": ["train/acc", "val/acc"]}, {"markdown": "Hello"}]},
            {"prefix": "val/", "items": [{"metrics": ["val/f1"]}]},
        ],
    }
    with pytest.raises(rn.InvalidBoard, match=r"sections\[0\].items\[0\].metrics\[0\] must be text"):
        rn.board("vision", "main", [[1]], storage=store)  # type: ignore[list-item]
    monkeypatch.setenv("RUNICORN_MODE", "disabled")
    assert rn.board("silent", "main", storage=store) is None and not (store / "silent").exists()


def test_boards_travel_with_an_archive_of_their_project(
    api: APIClient, store: Path, project: Path, tmp_path: Path
) -> None:
    api.put(ADDRESS, BOARD)
    (project / "boards" / "torn.json").write_text("{")
    runs = [path.parent.relative_to(store).as_posix() for path in project.rglob("meta.json")]
    archive = tmp_path / "archive.zip"
    entries = [*write.run_entries(store, runs), *write.project_entries(store, runs)]
    archive.write_bytes(b"".join(write.zip_pieces(write.about(runs, ()), entries)))
    target = tmp_path / "target"
    target.mkdir()
    with archive.open("rb") as file:
        outcome = import_archive(target, file)
    assert outcome.boards == ["vision/boards/main.json"]
    assert outcome.left == {"vision/boards/torn.json": "The file is not valid JSON."}
    assert boards.read(target, "vision", "main").board == BOARD
    boards.write(target, "vision", "main", {"title": "Edited here"})
    with archive.open("rb") as file:
        assert import_archive(target, file).boards == []
    assert boards.read(target, "vision", "main").board == {"title": "Edited here"}
    with archive.open("rb") as file:
        import_archive(target, file, overwrite=True)
    assert boards.read(target, "vision", "main").board == BOARD


def test_the_description_of_a_project_travels_with_an_archive(
    store: Path, project: Path, tmp_path: Path
) -> None:
    description.write(store, "vision", "All runs on one GPU.")
    runs = [path.parent.relative_to(store).as_posix() for path in project.rglob("meta.json")]
    archive = tmp_path / "archive.zip"
    entries = [*write.run_entries(store, runs), *write.project_entries(store, runs)]
    archive.write_bytes(b"".join(write.zip_pieces(write.about(runs, ()), entries)))
    target = tmp_path / "target"
    target.mkdir()
    with archive.open("rb") as file:
        assert import_archive(target, file, dry_run=True).descriptions == ["vision/description.md"]
    assert description.read(target, "vision") == ""
    with archive.open("rb") as file:
        outcome = import_archive(target, file)
    assert outcome.descriptions == ["vision/description.md"]
    assert outcome.new == [*outcome.runs, "vision/description.md"]
    assert description.read(target, "vision") == "All runs on one GPU."
    description.write(target, "vision", "Edited here.")
    with archive.open("rb") as file:
        assert "vision/description.md" in import_archive(target, file).left
    assert description.read(target, "vision") == "Edited here."


def test_baseline_and_formulas_of_a_project_travel_with_an_archive(
    store: Path, project: Path, tmp_path: Path
) -> None:
    content = {**analysis.empty(), "baseline": ["20260101_000000_aaaaaa"], "formulas": {"gap": "a - b"}}
    analysis.update(store, "vision", lambda before: before.update(content))  # type: ignore[typeddict-item]
    runs = [path.parent.relative_to(store).as_posix() for path in project.rglob("meta.json")]
    archive, torn = tmp_path / "archive.zip", tmp_path / "torn.zip"
    for file in (archive, torn):
        entries = [*write.run_entries(store, runs), *write.project_entries(store, runs)]
        file.write_bytes(b"".join(write.zip_pieces(write.about(runs, ()), entries)))
        (project / analysis.FILE).write_text('{"baseline": 3}')
    target = tmp_path / "target"
    target.mkdir()
    with torn.open("rb") as stream:
        problems = import_archive(target, stream).left
    assert problems == {"vision/analysis.json": "baseline must have at most 1000 entries."}
    assert analysis.read(store, "vision") == analysis.empty() == analysis.read(target, "vision")
    with archive.open("rb") as stream:
        assert import_archive(target, stream).analyses == ["vision/analysis.json"]
    assert analysis.read(target, "vision") == content
