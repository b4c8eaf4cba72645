"""`rn.notebook` writes entries of the lab notebook, and never disturbs the training."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.store.project import documents


def test_an_entry_names_the_active_run_and_its_author(tmp_path: Path) -> None:
    with rn.init("vision", "resnet", storage=tmp_path, system_metrics=False) as run:
        path = rn.notebook("# Loss fell\n\nTo 0.1.", kind="result", author="ada")
    assert path is not None and path.parent == tmp_path / "vision" / "notebook"
    entry = documents.read(tmp_path, "vision", "notebook", path.stem)
    assert (entry.title, entry.kind, entry.authors, entry.runs) == (
        "Loss fell",
        "result",
        ("ada",),
        (run.id,),
    )


def test_the_title_of_an_entry_has_no_marks(tmp_path: Path) -> None:
    text = "We keep **adam**, `lr=2*x` and [these runs](/?tag=a) of __init__ over 2 * 3 * 4.\n\nMore."
    path = rn.notebook(text, project="vision", storage=tmp_path)
    assert path is not None
    entry = documents.read(tmp_path, "vision", "notebook", path.stem)
    assert entry.title == "We keep adam, lr=2*x and these runs of __init__ over 2 * 3 * 4."
    assert entry.text.startswith(text.split("\n")[0])


def test_the_second_text_of_a_name_is_a_paragraph(tmp_path: Path) -> None:
    for number in range(2):
        rn.notebook(f"part {number}", name="log", project="vision", storage=tmp_path, author=f"a{number}")
    entry = documents.read(tmp_path, "vision", "notebook", "log")
    assert entry.text.startswith("part 0\n\n#### a1, ") and entry.text.endswith("\n\npart 1")
    assert entry.authors == ("a0", "a1") and entry.runs == ()


def test_all_who_begin_an_entry_at_once_are_in_it(tmp_path: Path) -> None:
    for number in range(20):
        together = threading.Barrier(4)

        def write(n: int, number: int = number, together: threading.Barrier = together) -> Path | None:
            together.wait()
            return rn.notebook(f"part {n}", name=f"log{number}", project="vision", storage=tmp_path)

        with ThreadPoolExecutor(4) as pool:
            paths = list(pool.map(write, range(4)))
        assert None not in paths
        text = documents.read(tmp_path, "vision", "notebook", f"log{number}").text
        assert sorted(line for line in text.splitlines() if line.startswith("part")) == [
            f"part {n}" for n in range(4)
        ]


class Unprintable:
    def __str__(self) -> str:
        raise AssertionError("no text")


def test_any_text_has_a_title_and_nothing_is_raised(tmp_path: Path) -> None:
    place = {"project": "vision", "storage": tmp_path}
    for text, title in (("a\tb\n\nmore", "a b"), ("#\n", "note"), ("half \ud83d", "half ?")):
        path = rn.notebook(text, author="ada\nbo", **place)
        assert path is not None
        entry = documents.read(tmp_path, "vision", "notebook", path.stem)
        assert (entry.title, entry.authors) == (title, ("ada bo",))
    assert rn.notebook("x", title="two\nlines", **place) is not None
    assert rn.notebook(Unprintable(), **place) is None  # type: ignore[arg-type]


def test_problems_are_said_and_not_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rn.notebook("x", kind="rumor", storage=tmp_path) is None
    assert rn.notebook("x", name="a/b", storage=tmp_path) is None
    assert rn.notebook("", storage=tmp_path) is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert rn.notebook("x", storage=blocked) is None
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and all(line.startswith("runicorn: the notebook entry was not") for line in lines)


def test_a_disabled_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "disabled")
    with rn.init("vision", storage=tmp_path):
        assert rn.notebook("x") is None
    assert not (tmp_path / "vision").exists()


def test_boards_of_a_run_go_to_its_store(tmp_path: Path) -> None:
    with rn.init("vision", storage=tmp_path / "here", system_metrics=False):
        assert rn.board("vision", charts=["loss"]) == tmp_path / "here" / "vision" / "boards" / "default.json"
