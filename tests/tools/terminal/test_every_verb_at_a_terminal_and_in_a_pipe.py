"""Each command in a terminal of 80 columns and in a pipe, whose reader may leave; on empty and read-only stores too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.folders import write_run
from tests.processes import environment
from tests.terminal import at_terminal
from tests.tools.terminal.conftest import call, write_runs

COLOR = re.compile(r"\x1b\[[0-9;]*m")
FIRST, BERT = "20260114_153045_a1b2c0", "20260117_153045_a1b2c3"
COMMANDS = (
    ("ls",),
    ("ls", "--group", "project", "--columns", "metric.loss.last"),
    ("top",),
    ("show", "latest"),
    ("compare", FIRST, BERT),
    ("diff", FIRST, BERT),
    ("nearest", FIRST),
    ("plot", FIRST, BERT, "--metric", "loss"),
    ("tail", "latest"),
    ("wait", FIRST),
    ("get", "latest", "--list"),
    ("tag", "latest"),
    ("note", "latest"),
    ("artifact", "ls"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("terminal")
    write_runs(folder / "store")
    own = environment(
        folder / "home", PATH=os.environ["PATH"], LANG="C.UTF-8", RUNICORN_DIR=str(folder / "store")
    )
    yield folder, own


def at_80_columns(words: tuple[str, ...], own: dict[str, str], folder: Path) -> str:
    command = [sys.executable, "-m", "runicorn", *words]
    with at_terminal(command, own, folder, term="xterm-256color", size=(80, 24)) as terminal:
        assert terminal.ends() == 0, terminal.said
    return terminal.said


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] != "top"], ids=" ".join)
def test_a_verb_fits_a_terminal_and_has_no_color_in_a_pipe(
    place: tuple[Path, dict[str, str]], words: tuple[str, ...]
) -> None:
    folder, own = place
    output = at_80_columns(words, own, folder)
    assert "Traceback" not in output
    if words[0] in ("ls", "plot", "nearest"):
        assert max(len(COLOR.sub("", line)) for line in output.splitlines()) <= 80
    piped = subprocess.run(
        [sys.executable, "-m", "runicorn", *words],
        env=own,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert piped.returncode == 0 and "\x1b" not in piped.stdout and "Traceback" not in piped.stderr, (
        piped.stderr
    )


def test_a_long_name_is_cut_before_anything_else(place: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    _, own = place
    run_id = write_run(tmp_path, "vision", "resnet-" * 12, metrics=[{"acc": 0.8125}])
    output = COLOR.sub("", at_80_columns(("ls", "--storage", str(tmp_path)), own, tmp_path))
    line = next(line for line in output.splitlines() if run_id in line)
    assert "vision" in line and "finished" in line and "acc 0.8125" in line and "resnet-resnet" in line


def test_a_narrow_terminal_shows_the_end_of_the_best_value(
    place: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    _, own = place
    names = {"project": "a-long-project", "name": "a-long-name", "tags": ["a-long-tag"]}
    run_id = write_run(tmp_path, **names, metrics=[{"validation/top1/accuracy": 0.8125}])
    output = COLOR.sub("", at_80_columns(("ls", "--storage", str(tmp_path)), own, tmp_path))
    line = next(line for line in output.splitlines() if run_id in line)
    assert "0.8125" in line and "top1" not in line and len(line) <= 80


def test_a_run_is_listed_by_its_displayed_name(tmp_path: Path) -> None:
    run_id = write_run(tmp_path, "p", "folder")
    meta = tmp_path / "p" / "folder" / "runs" / run_id / "meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "display_name": "lr/0.1 \u202egnp"}))
    output = call("ls", "--storage", str(tmp_path))
    assert "lr/0.1 \ufffdgnp" in output and "folder" not in output
    (document,) = call("ls", "--json", "--storage", str(tmp_path))
    assert (document["name"], document["display_name"]) == ("folder", "lr/0.1 \u202egnp")


def test_a_run_without_a_log_says_how_to_record_one(tmp_path: Path) -> None:
    write_run(tmp_path, "p", "n")
    assert "capture_console=True" in call("tail", "latest", "--storage", str(tmp_path))
    assert "capture_console" not in call("tail", "latest", "--lines", "0", "--storage", str(tmp_path))


def test_no_color_is_respected(place: tuple[Path, dict[str, str]]) -> None:
    folder, own = place
    assert "\x1b[3" in at_80_columns(("ls",), own, folder)
    assert "\x1b[3" not in at_80_columns(("ls",), {**own, "NO_COLOR": "1"}, folder)


@pytest.mark.parametrize(
    "words", [("ls", "--json", "--all"), ("tail", "latest", "--lines", "100000"), ("ls", "--csv")]
)
def test_a_reader_that_leaves_ends_a_verb_quietly(
    place: tuple[Path, dict[str, str]], words: tuple[str, ...], tmp_path: Path
) -> None:
    folder, own = place
    command = f"{sys.executable} -m runicorn {' '.join(words)} 2>{tmp_path}/errors | head -1 >/dev/null"
    subprocess.run(["bash", "-c", command], env=own, cwd=folder, check=True)
    assert (tmp_path / "errors").read_text() == ""


@pytest.mark.parametrize("words", COMMANDS[:3], ids=" ".join)
def test_an_empty_store_is_no_error(words: tuple[str, ...], tmp_path: Path) -> None:
    assert "Traceback" not in call(*words, "--storage", str(tmp_path))


@pytest.mark.parametrize("words", [words for words in COMMANDS if "latest" in words], ids=" ".join)
def test_an_empty_store_has_no_latest_run(words: tuple[str, ...], tmp_path: Path) -> None:
    assert "There is no run." in call(*words, "--storage", str(tmp_path), code=2)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_names_of_runs_are_completed(place: tuple[Path, dict[str, str]], shell: str) -> None:
    folder, own = place
    typed = {"COMP_WORDS": "runicorn show 20260117", "COMP_CWORD": "2"}
    typed |= {"_TYPER_COMPLETE_ARGS": "runicorn show 20260117", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    process = subprocess.run(
        [sys.executable, "-m", "runicorn"],
        env={**own, **typed, "_RUNICORN_COMPLETE": f"complete_{shell}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert BERT in process.stdout and FIRST not in process.stdout, process


def test_a_store_that_may_not_be_written_is_a_matter_of_permission(
    place: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from runicorn.store import curation

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "curation.json")

    monkeypatch.setattr(curation, "note", refuse)
    text = call("tag", "latest", "--add", "x", "--storage", str(place[0] / "store"), code=3)
    assert text == f"runicorn: {BERT}: Read-only file system\n"
