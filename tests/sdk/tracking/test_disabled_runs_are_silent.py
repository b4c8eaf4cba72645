"""Disabled tracking, and all ranks but the first: every call is accepted and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Script

Env = pytest.MonkeyPatch


def _use(run: rn.Run) -> None:
    run.log({"loss": 1.0, "odd": object()}, step="x")  # type: ignore[arg-type]
    run.log_text("words")
    assert run.log_image("k", "nowhere.png") == ""
    run.summary({"a": 1})
    run.set_primary_metric("acc", "max")
    run.config["b"] = {"c": 2}
    assert dict(run.config) == {"lr": 1, "b.c": 2}
    assert rn.get_active_run() is run
    rn.log(loss=2.0)
    run.finish()
    assert rn.get_active_run() is None


def _check_silent(begin: Callable[..., rn.Run], folder: Path, capfd: Any, **more: Any) -> None:
    run = begin(config={"lr": 1}, **more)
    assert isinstance(run, rn.Run) and run.project == "p" and run.run_dir.is_relative_to(folder)
    _use(run)
    assert list(folder.iterdir()) == [] and capfd.readouterr() == ("", "")


def test_the_argument_disables(begin: Callable[..., rn.Run], folder: Path, capfd: Any) -> None:
    _check_silent(begin, folder, capfd, mode="disabled")


@pytest.mark.parametrize("mode", [None, "online"])
def test_the_environment_disables(
    begin: Callable[..., rn.Run], folder: Path, capfd: Any, monkeypatch: Env, mode: str | None
) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "disabled")
    _check_silent(begin, folder, capfd, mode=mode)


@pytest.mark.parametrize(
    "ranks",
    [
        {"RANK": "1", "WORLD_SIZE": "4"},
        {"LOCAL_RANK": "1", "WORLD_SIZE": "2"},
        {"SLURM_PROCID": "1", "WORLD_SIZE": "2"},
        {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "MASTER_ADDR": "node1"},
        {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"},
        {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "SLURM_PROCID": "0"},
        {"PMI_RANK": "1"},
        {"PMIX_RANK": "1"},
    ],
)
def test_a_rank_above_zero_is_silent_and_says_so_once(
    begin: Callable[..., rn.Run], folder: Path, capfd: Any, monkeypatch: Env, ranks: dict[str, str]
) -> None:
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    _use(begin(config={"lr": 1}))
    _use(begin(config={"lr": 1}))
    out, err = capfd.readouterr()
    assert list(folder.iterdir()) == [] and out == ""
    assert err.count("\n") == 1 and "is rank 1" in err and "mode='online'" in err


@pytest.mark.parametrize(
    "ranks",
    [
        {"RANK": "0", "WORLD_SIZE": "2"},
        {"RANK": "0", "LOCAL_RANK": "1", "WORLD_SIZE": "2"},
        {"RANK": "", "WORLD_SIZE": "2"},
        {"RANK": "x", "WORLD_SIZE": "2"},
        {"RANK": "3"},
        {"SLURM_PROCID": "0", "WORLD_SIZE": "2"},
    ],
)
def test_the_first_rank_writes(begin: Callable[..., rn.Run], monkeypatch: Env, ranks: dict[str, str]) -> None:
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    assert (begin().run_dir / "meta.json").exists()


@pytest.mark.parametrize(
    "tasks",
    [
        {"SLURM_PROCID": "3", "SLURM_NTASKS": "8"},
        {"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "PMI_RANK": "3", "PMI_SIZE": "8"},
        {"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "PMIX_RANK": "3"},
        {"SLURM_PROCID": "3", "SLURM_NTASKS": "8", "WORLD_SIZE": "1", "MASTER_ADDR": ""},
    ],
)
def test_independent_tasks_of_a_slurm_job_write_a_run_each(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str], monkeypatch: Env, tasks: dict[str, str]
) -> None:
    for name, value in tasks.items():
        monkeypatch.setenv(name, value)
    assert (begin().run_dir / "meta.json").exists() and "rank" not in capsys.readouterr().err


def test_online_writes_on_every_rank(begin: Callable[..., rn.Run], monkeypatch: Env) -> None:
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (begin(mode="online").run_dir / "meta.json").exists()


def test_an_unknown_mode_in_the_environment_is_reported(
    begin: Callable[..., rn.Run], monkeypatch: Env, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "off")
    assert (begin().run_dir / "meta.json").exists()
    assert "RUNICORN_MODE is 'off'" in capsys.readouterr().err


def test_wrong_arguments_raise_all_the_same(begin: Callable[..., rn.Run]) -> None:
    with pytest.raises(rn.InvalidName):
        begin(project="../x", mode="disabled")


def test_a_with_block_and_an_exception_pass_through(script: Callable[..., Script], folder: Path) -> None:
    ended = script("with rn.init(mode='disabled') as run:\n    run.log(loss=1)\n    1 / 0")
    assert ended.end() == 1 and list(folder.iterdir()) == []
    assert "runicorn:" not in ended.stderr
