"""What the tests of the command line share: the store of the documents, and a way to call a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runicorn_tools.cli import app
from tests.documents.store import write_store

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def root(folder: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of the documents; the working directory is an empty folder."""
    write_store(folder)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


@pytest.fixture
def call(root: Path) -> Call:
    """`call("manage", "--action", "search")`: exit code and all that was said (bytes on stdout are not in `output`)."""

    def run_it(*words: str, storage: Path = root) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*words, "--storage", str(storage)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output or result.stdout

    return run_it
