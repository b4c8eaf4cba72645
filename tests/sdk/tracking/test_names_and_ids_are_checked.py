"""Names become folders: paths and names reserved by the store are refused at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import runicorn as rn
from runicorn.store import layout

BAD = ["", "x" * 101, "a/b", "a\\b", "..", "a..b", ".", ".hidden", "a\nb", "a\x00", "\x7f", "\ud800", "runs"]
BAD += ["artifacts", "evaluations", "漢" * 90]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_name_raises_and_leaves_nothing(begin: Callable[..., rn.Run], folder: Path, name: str) -> None:
    with pytest.raises(rn.InvalidName, match="project"):
        begin(project=name)
    with pytest.raises(rn.InvalidName, match="experiment name"):
        begin(name=name)
    assert list(folder.iterdir()) == []


def test_a_name_that_is_no_text_raises(begin: Callable[..., rn.Run]) -> None:
    with pytest.raises(ValueError, match="must be text, not int"):
        begin(project=3)


@pytest.mark.parametrize("name", ["x", "x" * 100, "漢字", "a b", "a.b", "-", "Artifacts", "模型 v1.5 (β)"])
def test_a_good_name_is_a_folder(begin: Callable[..., rn.Run], folder: Path, name: str) -> None:
    begin(project=name, name=name)
    assert (folder / name / name / "runs").is_dir()


@given(st.text(max_size=120))
def test_an_accepted_name_is_one_folder_below_the_root(name: str) -> None:
    try:
        layout.check_name(name, "project")
    except layout.InvalidName:
        return
    path = Path("/root") / name
    assert path.parent == Path("/root") and path.name == name and not layout.is_hidden(name)
    assert len(name.encode()) <= 255 and not any(ord(character) < 32 for character in name)


@pytest.mark.parametrize(
    "run_id", ["mine", "20260101_000000_ABCDEF", "20260101_000000_abcdef\n", "２0260101_000000_abcdef", 7]
)
def test_an_id_of_another_form_raises(begin: Callable[..., rn.Run], folder: Path, run_id: str) -> None:
    with pytest.raises(rn.InvalidRunId) as caught:
        begin(run_id=run_id)
    assert str(caught.value) == f"Invalid run_id format: {run_id}. Expected format: YYYYMMDD_HHMMSS_XXXXXX"
    assert list(folder.iterdir()) == []


def test_an_id_of_the_form_is_taken(begin: Callable[..., rn.Run]) -> None:
    assert begin(run_id="20241225_090000_xyz789").id == "20241225_090000_xyz789"


def test_new_ids_differ_and_have_the_form() -> None:
    ids = {layout.new_run_id(0.0) for _ in range(50)}
    assert len(ids) == 50 and all(map(layout.is_run_id, ids))


def test_an_existing_run_is_never_overwritten(begin: Callable[..., rn.Run]) -> None:
    run = begin(config={"lr": 1})
    before = (run.run_dir / "meta.json").read_bytes()
    for place in ({}, {"project": "other"}):
        with pytest.raises(rn.RunExists, match="resume=True"):
            begin(run_id=run.id, **place)
    assert (run.run_dir / "meta.json").read_bytes() == before


def test_project_and_experiment_have_defaults(folder: Path) -> None:
    run = rn.init(storage=folder)
    assert (run.project, run.name) == ("default", "default")


def test_the_second_place_is_the_name(folder: Path) -> None:
    assert rn.init("p", "exp", storage=folder).name == "exp"


@pytest.mark.parametrize("mode", ["off", "", 1])
def test_a_mode_that_does_not_exist_raises(begin: Callable[..., rn.Run], mode: str) -> None:
    with pytest.raises(ValueError, match="mode must be 'online', 'offline' or 'disabled'"):
        begin(mode=mode)
