"""`make test` runs the tests that are quick by the rule of `tests/tiers.py`, and the journeys listed there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests import processes
from tests.architecture.trees import tree_of
from tests.folders import write_run
from tests.large import many
from tests.processes import Viewer
from tests.tiers import COSTLY, JOURNEYS, imports_costly, leads_to_much

FOLDER = Path(__file__).resolve().parents[1]


def start_a_command() -> None:
    subprocess.run(["true"], check=True)


def fork() -> None:
    os.fork()


def start_a_viewer() -> None:
    Viewer(Path(), Path())


def call_a_helper() -> None:
    start_a_viewer()


def train() -> None:
    processes.train("", Path(), Path())


def open_a_browser() -> None:
    from tests.browser import launch

    launch("chromium")


class Server:
    """A class whose method starts a process."""

    def start(self) -> None:
        call_a_helper()


def use_a_class() -> None:
    Server().start()


@cache
def call_within_a_function() -> object:
    return lambda: call_a_helper()


def import_a_costly_library() -> None:
    import pandas

    assert pandas


def skip_without_a_costly_library() -> None:
    pytest.importorskip("scipy.stats")


def write_many_runs() -> None:
    for _ in many(range(3)):
        write_files()


def write_files() -> None:
    write_run(Path())


def read_a_tree() -> None:
    tree_of(Path(__file__))


STARTING = [
    start_a_command,
    fork,
    start_a_viewer,
    call_a_helper,
    train,
    open_a_browser,
    use_a_class,
    call_within_a_function,
]
MUCH = [import_a_costly_library, skip_without_a_costly_library, write_many_runs]


@pytest.mark.parametrize("function", STARTING, ids=lambda function: function.__name__)
def test_what_starts_a_process_is_recognized(function: Callable[[], object]) -> None:
    assert leads_to_much(function)


@pytest.mark.parametrize("function", MUCH, ids=lambda function: function.__name__)
def test_what_takes_long_is_recognized(function: Callable[[], object]) -> None:
    assert leads_to_much(function)


@pytest.mark.parametrize("library", sorted(COSTLY))
def test_a_file_that_imports_a_costly_library_at_its_top_is_left_out(tmp_path: Path, library: str) -> None:
    for number, (line, is_left_out) in enumerate(
        {
            f"import {library}": True,
            f"from {library}.part import name": True,
            f"import {library}_like": False,
            f"    import {library}": False,
        }.items()
    ):
        path = tmp_path / f"test_{number}.py"
        path.write_text(f"import os\n{line}\n")
        assert imports_costly(path) == is_left_out, line


@pytest.mark.parametrize("function", [write_files, read_a_tree], ids=lambda function: function.__name__)
def test_what_starts_no_process_is_quick(function: Callable[[], object]) -> None:
    assert not leads_to_much(function)


def test_the_listed_journeys_exist() -> None:
    missing = [
        f"{module}::{name}"
        for module, names in JOURNEYS.items()
        for name in names
        if name
        not in {
            node.name for node in tree_of(FOLDER / f"{module}.py").body if isinstance(node, ast.FunctionDef)
        }
    ]
    assert missing == []


def test_each_test_belongs_to_one_tier() -> None:
    def collected(tier: str) -> list[str]:
        places = ("tests/architecture/test_quick_tests.py", "tests/server/live")
        options = ("-q", "--collect-only", "-p", "no:xdist", "-m", "not torture", "--tier", tier)
        process = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *places],
            cwd=FOLDER.parent,
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return [line for line in process.stdout.splitlines() if "::" in line]

    quick, rest = collected("quick"), collected("rest")
    assert quick and rest and sorted([*quick, *rest]) == sorted(collected("all"))
