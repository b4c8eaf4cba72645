"""Read-only, missing, or a file where a folder should be: training goes on, and it is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from tests.sdk.tracking.limited_disks import closed_folder
from tests.sdk.tracking.scripts import Script

EVERYTHING = """
run = rn.init("p", "n", storage=sys.argv[1], config={"lr": 1}, tags=["t"], system_metrics=False)
run.set_primary_metric("loss", "min")
for step in range(5):
    run.log({"loss": 1.0})
run.log_text("words"); run.summary({"a": 1}); run.config["b"] = 2
assert run.log_image("k", b"png") == ""
print("trained", run.config["lr"], run.config["b"], flush=True)
"""


def _check(ended: Script) -> None:
    assert ended.end() == 0, ended.stderr
    assert ended.stdout == "trained 1 2\n"
    first, last = ended.stderr.strip().split("\n")
    assert first.startswith("runicorn: cannot write to ") and "The program continues" in first
    assert "5 records of the journal; 1 text of the log; the files" in last
    for name in ("meta.json", "status.json", "config.json", "summary.json"):
        assert name in last


def test_a_read_only_store_stops_nothing(script: Callable[..., Script], tmp_path: Path) -> None:
    with closed_folder(tmp_path / "closed") as closed:
        _check(script(EVERYTHING, str(closed)))


def test_a_file_in_the_place_of_the_store_stops_nothing(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    _check(script(EVERYTHING, str(tmp_path / "file")))


def test_a_file_in_the_place_of_the_project_stops_nothing(
    script: Callable[..., Script], folder: Path
) -> None:
    (folder / "p").write_text("")
    _check(script(EVERYTHING, str(folder)))


def test_a_working_directory_that_is_gone_stops_nothing(
    script: Callable[..., Script], tmp_path: Path
) -> None:
    cwd = tmp_path / "gone"
    cwd.mkdir()
    ended = script(
        f"os.chdir({str(cwd)!r}); os.rmdir({str(cwd)!r}); del os.environ['RUNICORN_DIR']\n"
        "run = rn.init(); run.log(loss=1.0); print('trained')"
    )
    assert ended.end() == 0 and ended.stdout == "trained\n" and "cannot write" in ended.stderr


def test_no_home_stops_nothing(script: Callable[..., Script], folder: Path) -> None:
    ended = script(
        "for name in ('RUNICORN_CONFIG_DIR', 'RUNICORN_DATA_DIR'): os.environ[name] = '/proc/nowhere'\n"
        "run = rn.init(); run.log(loss=1.0)"
    )
    assert ended.end() == 0 and ended.run.status == "finished"


def test_a_folder_removed_during_a_run_is_reported_at_the_end(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    run.log({"loss": 1.0})
    shutil.rmtree(run.run_dir)
    run.log({"loss": 1.0})
    run.finish()
    assert "status.json" in capsys.readouterr().err


@pytest.mark.parametrize("stderr", ["None", "open(os.devnull, 'w')"])
def test_no_warning_is_printed_without_stderr(script: Callable[..., Script], stderr: str) -> None:
    ended = script(
        f"sys.stderr = {stderr}\nif sys.stderr: sys.stderr.close()\nrun = rn.init(); run.log(x=object())"
    )
    assert ended.end() == 0 and ended.run.status == "finished"


def test_warnings_as_errors_change_nothing(script: Callable[..., Script]) -> None:
    ended = script(
        "run = rn.init(); run.log(x=object(), step='x'); run.finish(); run.log(y=1)", PYTHONWARNINGS="error"
    )
    assert ended.end() == 0 and ended.run.steps() == [1, 2]
