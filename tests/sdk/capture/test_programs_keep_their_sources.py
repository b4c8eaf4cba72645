"""A program that begins a run keeps its sources, beside the training."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.capture.sources.record import Sources
from runicorn.store import layout
from runicorn_tools.differences.facts import RunFacts
from runicorn_tools.rerun import sources as restoring
from tests.sdk.capture.test_a_process_captures_the_environment import captures
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


def _slow_program(tmp_path: Path, wait: str) -> tuple[Path, str]:
    """Make a repository, and a `git` that does `wait` before it lists its files; return it and the search path."""
    place, programs = tmp_path / "program", tmp_path / "bin"
    place.mkdir()
    programs.mkdir()
    (place / "lib.py").write_text("x = 1\n")
    commit(place)
    (programs / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *--others*) {wait};; esac\nexec {shutil.which("git")} "$@"\n'
    )
    (programs / "git").chmod(0o755)
    return place, f"{programs}{os.pathsep}{os.environ['PATH']}"


def test_the_end_of_a_short_run_waits_for_its_sources_on_a_slow_machine(
    script: Callable[..., Script], folder: Path, tmp_path: Path
) -> None:
    place, path = _slow_program(tmp_path, "sleep 4")
    ended = script(TRAIN.replace("SOURCES", "True"), str(place), PATH=path)
    assert ended.end() == 0, ended.stderr
    assert set(Sources(only_run(folder).path).files) == {"lib.py"}


@pytest.mark.parametrize("status", ["finished", "interrupted"])
def test_sources_are_stored_after_the_end_of_a_run_or_said_to_be_missing(
    status: str, script: Callable[..., Script], folder: Path, tmp_path: Path
) -> None:
    listing, ended_run = tmp_path / "listing", tmp_path / "ended"
    place, path = _slow_program(tmp_path, f"touch {listing}; until [ -e {ended_run} ]; do sleep 0.01; done")
    text = TRAIN.replace("SOURCES", "True").replace(
        "run.finish()",
        "from runicorn.capture import background\nbackground.PATIENCE_FOR_SOURCES = 0.1\n"
        f"while not os.path.exists({str(listing)!r}): time.sleep(0.01)\nrun.finish({status!r})",
    )
    ended = script(text, str(place), PATH=path)
    assert ended.end() == 0, ended.stderr
    run = RunFacts(folder, only_run(folder).path)
    assert run.sources.is_unfinished
    ended_run.touch()
    if status == "finished":
        assert restoring.check(run) == ("sources", [])
        assert set(run.sources.files) == {"lib.py"}
    else:
        until(lambda: not captures(folder))
        run.sources.refresh()
        assert run.sources.is_unfinished
        os.utime(run.folder / layout.STATUS, (0, 0))
        run.git.clear()
        with pytest.raises(restoring.Unrestorable, match="not completely stored"):
            restoring.check(run)


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
