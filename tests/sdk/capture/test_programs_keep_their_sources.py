"""A program that begins a run keeps its sources, beside the training."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.capture.sources.record import Sources
from runicorn.store import layout
from tests.sdk.sources.projects import commit
from tests.sdk.tracking.scripts import Script, only_run
from tests.waiting import until

TRAIN = """
os.chdir(sys.argv[1])
run = rn.init("p", "n", config={"lr": 0.1}, system_metrics=False, sources=SOURCES)
run.log({"loss": 1.0})
run.finish()
"""


@pytest.mark.parametrize(("kind", "is_kept"), [("argument", True), ("off", False), ("thread", True)])
def test_sources_are_there_once_the_run_has_ended(
    kind: str, is_kept: bool, script: Callable[..., Script], folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "program"
    place.mkdir()
    (place / "lib.py").write_text("x = 1\n")
    text = TRAIN.replace("SOURCES", "True" if is_kept else "None")
    if kind == "thread":
        text = f"os.__dict__.pop('posix_spawn', None)\n{text}"
    ended = script(text, str(place), RUNICORN_PARENT="20260101_000000_abcdef")
    assert ended.end() == 0, ended.stderr
    run_dir = only_run(folder).path
    sources = Sources(run_dir)
    assert bool(sources) is is_kept
    assert layout.read_json(run_dir / layout.META)[0]["parent"] == "20260101_000000_abcdef"
    if is_kept:
        assert {path: sources.read(path) for path in sources.files} == {"lib.py": b"x = 1\n"}


def test_the_end_of_a_short_run_waits_for_its_sources_on_a_slow_machine(
    script: Callable[..., Script], folder: Path, tmp_path: Path
) -> None:
    place, programs = tmp_path / "program", tmp_path / "bin"
    place.mkdir()
    programs.mkdir()
    (place / "lib.py").write_text("x = 1\n")
    commit(place)
    (programs / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *--others*) sleep 4;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    ended = script(TRAIN.replace("SOURCES", "True"), str(place), PATH=path)
    assert ended.end() == 0, ended.stderr
    assert set(Sources(only_run(folder).path).files) == {"lib.py"}


@pytest.mark.parametrize(("setting", "is_said"), [("on", True), ("off", False)])
def test_a_run_that_was_tried_before_is_named_once(
    setting: str, is_said: bool, script: Callable[..., Script], folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "program"
    place.mkdir()
    (place / "lib.py").write_text("x = 1\n")
    text = TRAIN.replace("SOURCES", "True")
    first = script(text, str(place))
    assert first.end() == 0, first.stderr
    only_run(folder)
    assert "same config" not in first.stderr

    def notices() -> int:
        again = script(text, str(place), RUNICORN_TRIED=setting)
        assert again.end() == 0, again.stderr
        return again.stderr.count("has finished with the same config, code and seed")

    # A short training may end before the process beside it has looked at the others.
    if is_said:
        assert until(notices) == 1
    else:
        assert notices() == 0
    other = script(text.replace("0.1", "0.2"), str(place))
    assert other.end() == 0
    assert "same config" not in other.stderr
