from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from runicorn.store.project import boards
from runicorn.sync.mirror import mirror_store
from runicorn.sync.transport import wrap_client
from tests.sync.stores import write_store

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
