"""`rn.log` and its sisters act on the run that was begun last and is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.tracking import init
from tests.sdk.tracking.scripts import Recorded, Script, only_run


def test_module_functions_reach_the_active_run(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    rn.set_primary_metric("loss", "min")
    rn.log({"loss": 1.0}, step=4, stage="train", acc=0.5)
    rn.log_text("words")
    path = rn.log_image("k", b"png", 3, "caption")
    table = rn.log_table("t", [{"a": 1}], step=2)
    histogram = rn.log_histogram("h", [1.0, 2.0], bins=2)
    files = [rn.log_file("file", "f", b"x", "txt"), rn.log_audio("s", [0.5, -0.5]), rn.log_video("v", b"x")]
    rn.summary({"a": 1})
    rn.finish("interrupted")
    on_disk = Recorded(run.run_dir)
    (data,) = on_disk.events()
    assert (data["loss"], data["acc"], data["global_step"], data["stage"]) == (1.0, 0.5, 4, "train")
    assert "words" in on_disk.log() and on_disk.events("image")[0]["path"] == path
    assert [event["path"] for kind in ("table", "histogram") for event in on_disk.events(kind)] == [
        table,
        histogram,
    ]
    assert [event["path"] for kind in ("file", "audio", "video") for event in on_disk.events(kind)] == files
    assert on_disk.json("summary")["a"] == 1 and on_disk.status == "interrupted"


def test_a_second_run_is_active_until_it_ends(begin: Callable[..., rn.Run]) -> None:
    first, second = begin(), begin()
    assert rn.get_active_run() is second
    rn.log(loss=2.0)
    rn.finish()
    assert rn.get_active_run() is first
    rn.log(loss=1.0)
    assert [data["loss"] for run in (first, second) for data in Recorded(run.run_dir).events()] == [1.0, 2.0]
    assert Recorded(first.run_dir).status == "running"
    rn.finish()
    assert rn.get_active_run() is None


def test_logging_after_the_end_is_kept_and_reported_once(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    rn.finish()
    capsys.readouterr()
    rn.log(loss=1.0)
    run.log(loss=2.0)
    run.log_text("words")
    assert Recorded(run.run_dir).steps() == [1, 2] and Recorded(run.run_dir).status == "finished"
    assert capsys.readouterr().err.count("has ended (finished)") == 1


def test_without_a_run_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_latest", None)
    assert rn.get_active_run() is None
    for function in (rn.log, rn.finish, lambda: rn.log_text("x"), lambda: rn.summary({"a": 1})):
        with pytest.raises(RuntimeError, match=r"call runicorn\.init\(\) first"):
            function()


WORKER = """
def work():
    import runicorn as rn
    rn.log({"loss": 1.0}); rn.log_text("x"); rn.summary({"a": 1}); rn.log_image("k", b"png"); rn.finish()
    print("done", flush=True)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_spawned_worker_without_a_run_is_told_and_not_stopped(
    script: Callable[..., Script], folder: Path, tmp_path: Path, method: str
) -> None:
    (tmp_path / "work.py").write_text(WORKER, encoding="utf-8")
    parent = script(
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import multiprocessing as mp, work\n"
        "with rn.init('p', 'n', capture_env=False, system_metrics=False) as run:\n"
        f"    p = mp.get_context({method!r}).Process(target=work.work); p.start(); p.join()\n"
        "    run.log(loss=float(p.exitcode))"
    )
    assert parent.end() == 0 and parent.stdout == "done\n"
    assert parent.stderr.count("has no run, and what it logs is not stored") == 1
    assert "runicorn.init(run_id=..., resume=True)" in parent.stderr
    assert [data["loss"] for data in only_run(folder).events()] == [0.0]
