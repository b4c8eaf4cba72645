from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import analysis, boards, description
from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client
from tests.tools.sync.stores import write_store

pytestmark = pytest.mark.needs("sshd")


def test_boards_travel_with_the_runs_of_their_project(sftp: Any, there: Path, folder: Path) -> None:
    (run,) = write_store(there, 1)
    project = run.relative_to(there).parts[0]
    remote = wrap_client(sftp)

    def sync() -> list[str]:
        return mirror_store(remote, str(there), folder, "host")["problems"]

    assert sync() == []
    boards.write(there, project, "main", {"title": "first"})
    hostile = there / project / "boards"
    (hostile / "broken.json").write_text("{")
    (hostile / "odd.json").write_text('{"script": 1}')
    (hostile / "large.json").write_bytes(b" " * (boards.CEILING + 1))
    os.symlink("/etc/passwd", hostile / "link.json")
    problems = sync()
    assert [text.split(":")[0].rpartition("/")[2] for text in problems] == [
        "broken.json",
        "large.json",
        "odd.json",
    ]
    assert boards.names(folder, project) == ["main"]
    assert boards.read(folder, project, "main").board == {"title": "first"}

    boards.write(there, project, "main", {"title": "second board"})
    sync()
    assert boards.read(folder, project, "main").board == {"title": "second board"}

    boards.write(folder, project, "main", {"title": "mine"})
    boards.write(there, project, "main", {"title": "a third one"})
    sync()
    assert boards.read(folder, project, "main").board == {"title": "mine"}

    boards.delete(there, project, "main")
    boards.write(there, project, "second", {"title": "second"})
    sync()
    boards.delete(there, project, "second")
    sync()
    assert boards.names(folder, project) == ["main"]
    assert boards.read(folder, project, "main").board == {"title": "mine"}


def test_boards_stay_where_the_remote_folder_cannot_be_read(
    sftp: Any, there: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = write_store(there, 1)
    project = run.relative_to(there).parts[0]
    boards.write(there, project, "main", {"title": "first"})
    remote = wrap_client(sftp)
    mirror_store(remote, str(there), folder, "host")
    list_folder = remote.list

    def deny(path: str) -> Any:
        if path.endswith(boards.BOARDS):
            raise PermissionError(13, "permission denied on the remote host", path)
        return list_folder(path)

    monkeypatch.setattr(remote, "list", deny)
    mirror_store(remote, str(there), folder, "host")
    assert boards.names(folder, project) == ["main"]


def test_the_description_of_a_project_travels_with_its_runs(sftp: Any, there: Path, folder: Path) -> None:
    (run,) = write_store(there, 1)
    project = run.relative_to(there).parts[0]
    remote = wrap_client(sftp)

    def sync(text: str | None = None) -> str:
        if text is not None:
            description.write(there, project, text)
        problems = mirror_store(remote, str(there), folder, "host")["problems"]
        assert problems == []
        return description.read(folder, project)

    assert sync() == ""
    assert sync("# Goal") == "# Goal"
    assert sync("# Another goal") == "# Another goal"
    assert sync("") == ""
    assert not (folder / project / description.FILE).exists()
    sync("# A third one")
    description.write(folder, project, "mine")
    assert sync("# A fourth one, which is longer") == "mine"
    assert sync("") == "mine"
    (there / project / description.FILE).write_text("x" * (4 * description.LENGTH + 1))
    (problem,) = mirror_store(remote, str(there), folder, "host")["problems"]
    assert problem.startswith(f"{project}/{description.FILE}: ")
    assert description.read(folder, project) == "mine"


def test_baseline_and_formulas_of_a_project_travel_with_its_runs(
    sftp: Any, there: Path, folder: Path
) -> None:
    (run,) = write_store(there, 1)
    project = run.relative_to(there).parts[0]
    remote = wrap_client(sftp)

    def sync() -> list[str]:
        problems = mirror_store(remote, str(there), folder, "host")["problems"]
        return problems or list(analysis.read(folder, project)["formulas"])

    def define(root: Path, name: str) -> None:
        analysis.update(root, project, lambda content: content.update(formulas={name: "a - b"}))

    assert sync() == []
    define(there, "gap")
    assert sync() == ["gap"]
    define(there, "another")
    assert sync() == ["another"]
    define(folder, "mine")
    define(there, "a third one")
    assert sync() == ["mine"]
    (there / project / analysis.FILE).write_text('{"formulas": []}')
    assert sync() == [f"{project}/{analysis.FILE}: formulas must be an object."]
    assert list(analysis.read(folder, project)["formulas"]) == ["mine"]
