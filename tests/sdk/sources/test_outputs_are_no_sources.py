"""Files that runs write beside their program are outputs: they are not stored, and make no run different."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runicorn.capture.sources.record import Sources
from runicorn.store import layout
from runicorn.store.process_identity import own_identity
from runicorn_tools.analysis import replicas
from tests.sdk.sources.projects import Project, commit, write

BEFORE, BEGAN, DURING, ENDED = 900.0, 1000.0, 1100.0, 1200.0


@pytest.fixture
def project(tmp_path: Path) -> Project:
    new_project = Project(tmp_path)
    put(new_project, "train.py", BEFORE)
    return new_project


def put(project: Project, name: str, at: float, content: str = "x\n") -> None:
    """Write a file of the project that was changed last at a time."""
    write(project.folder, {name: content})
    os.utime(project.folder / name, (at, at))


def end(run: Path, at: float = ENDED) -> None:
    layout.write_json(run / layout.STATUS, {"status": "finished", "ended_at": at})


def names(run: Path) -> set[str]:
    return set(Sources(run).files)


@pytest.mark.parametrize("name", ["out.csv", "results.json", "model.pt", "plots/loss.png", "train.log"])
def test_a_file_that_an_earlier_run_wrote_is_left_out(project: Project, name: str) -> None:
    first = project.run(began=BEGAN)
    put(project, name, DURING)
    end(first)
    second = project.run(began=ENDED + 100)
    about = Sources(second).about
    assert names(second) == {"train.py"}
    assert (about["written"], about["written_count"]) == ([name], 1)
    assert about["identity"] == Sources(first).about["identity"]


@pytest.mark.parametrize("has_git", [False, True])
def test_databases_that_are_open_and_those_of_a_viewer_are_left_out(project: Project, has_git: bool) -> None:
    if has_git:
        commit(project.folder)
    for name in ("runicorn.sqlite3-shm", "runs.db-wal", "data/server.sqlite3", "data/about.txt"):
        put(project, name, BEFORE)
    run = project.run(began=BEGAN)
    assert names(run) == {"train.py"}
    assert not Sources(run).about.get("skipped")


def test_a_file_that_changed_since_the_program_started_is_left_out(project: Project) -> None:
    put(project, "old.csv", BEFORE)
    put(project, "new.csv", DURING)
    assert names(project.run(began=BEGAN)) == {"train.py", "old.csv"}


def test_code_and_tracked_files_count_whenever_they_change(project: Project) -> None:
    put(project, "tracked.csv", BEFORE)
    commit(project.folder)
    first = project.run(began=BEGAN)
    for name in ("train.py", "model.py", "tracked.csv", "note.ipynb", "job.sh"):
        put(project, name, DURING, "changed\n")
    end(first)
    assert names(project.run(began=ENDED + 100)) == {
        "train.py",
        "model.py",
        "tracked.csv",
        "note.ipynb",
        "job.sh",
    }


def test_a_config_file_that_is_edited_during_a_run_stays_a_source(project: Project) -> None:
    put(project, "config.yaml", BEFORE, "lr: 1\n")
    first = project.run(began=BEGAN)
    put(project, "config.yaml", DURING, "lr: 2\n")
    end(first)
    assert Sources(project.run(began=ENDED + 100)).read("config.yaml") == b"lr: 2\n"


def test_files_of_the_command_line_are_sources_but_for_outputs(project: Project) -> None:
    first = project.run(began=BEGAN)
    for name in ("a.json", "b.csv", "c.json", "d.csv", "e.csv"):
        put(project, name, DURING)
    end(first)
    words = ["train.py", "a.json", "--data=b.csv", "--log-file", "c.json", "--save=d.csv", "-o", "e.csv"]
    assert names(project.run(began=ENDED + 100, arguments=words)) == {"train.py", "a.json", "b.csv"}


def test_an_input_that_changes_between_runs_is_a_source(project: Project) -> None:
    put(project, "data.csv", BEFORE)
    first = project.run(began=BEGAN)
    end(first)
    put(project, "data.csv", ENDED + 50, "other\n")
    second = project.run(began=ENDED + 100)
    assert Sources(second).read("data.csv") == b"other\n"
    assert Sources(second).identity != Sources(first).identity


def test_new_files_just_after_a_run_are_its_outputs_and_changed_inputs_are_not(project: Project) -> None:
    put(project, "data.csv", BEFORE)
    first = project.run(began=BEGAN)
    end(first)
    put(project, "data.csv", ENDED + 1, "made for the next run\n")
    put(project, "figure.png", ENDED + 1)
    assert names(project.run(began=ENDED + 100)) == {"train.py", "data.csv"}


def test_outputs_stay_outputs_when_their_run_is_gone(project: Project) -> None:
    first = project.run(began=BEGAN)
    put(project, "out.csv", DURING)
    end(first)
    project.run(began=ENDED + 100)
    shutil.rmtree(first)
    assert names(project.run(began=ENDED + 200)) == {"train.py"}


def test_a_run_that_has_not_ended_writes_until_its_process_is_gone(project: Project) -> None:
    running = project.run(began=BEGAN)
    put(project, "early.csv", DURING)
    assert names(project.run(began=ENDED + 60)) == {"train.py"}
    identity = {**own_identity(), "pid": 2**22 + 1}  # beyond the largest pid of Linux
    layout.write_json(running / layout.META, {"id": running.name, **identity})
    (running / layout.EVENTS).write_text("")
    os.utime(running / layout.EVENTS, (ENDED, ENDED))
    put(project, "later.csv", ENDED + 55)
    assert names(project.run(began=ENDED + 100)) == {"train.py", "later.csv"}


def test_outputs_of_a_notebook_do_not_make_other_code(project: Project) -> None:
    def save(code: str, output: str) -> None:
        cell = {"cell_type": "code", "source": [code], "outputs": [output], "execution_count": len(output)}
        put(project, "work.ipynb", time.time(), json.dumps({"cells": [cell], "nbformat": 4}))

    save("x = 1", "one")
    first = project.run(script="")
    save("x = 1", "other")
    second, third = project.run(script=""), project.run(script="")
    assert Sources(second).identity == Sources(third).identity == Sources(first).identity
    save("x = 2", "other")
    fourth = Sources(project.run(script=""))
    assert fourth.identity != Sources(first).identity
    assert b"x = 2" in fourth.read("work.ipynb")


SCRIPT = """
import json, logging, pathlib, sys
logging.basicConfig(filename="train.log")
logging.warning("start")
import runicorn as rn
run = rn.init("p", "n", config={"lr": 1, "seed": int(sys.argv[1])})
run.log({"loss": 0.5})
logging.warning("end")
pathlib.Path("results.json").write_text(json.dumps({"seed": sys.argv[1]}))
run.finish()
pathlib.Path("after.csv").write_text(sys.argv[1])
"""


def test_replicas_of_a_script_with_outputs_beside_it_are_recognized(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, content in (("train.py", SCRIPT), ("data.csv", "1\n")):
        (folder / name).write_text(content)
        os.utime(folder / name, (BEFORE, BEFORE))
    variables = {name: value for name, value in os.environ.items() if not name.startswith("RUNICORN_")}
    variables |= {"RUNICORN_DIR": str(tmp_path / "store"), "RUNICORN_TRIED": "off"}
    for seed in ("1", "2", "3"):
        subprocess.run(
            [sys.executable, "train.py", seed], cwd=folder, env=variables, check=True, capture_output=True
        )
    runs = sorted((tmp_path / "store" / "p" / "n" / "runs").iterdir())
    assert [names(run) for run in runs] == [{"train.py", "data.csv"}] * 3
    assert len({replicas.key_of_folder(run) for run in runs} - {""}) == 1
