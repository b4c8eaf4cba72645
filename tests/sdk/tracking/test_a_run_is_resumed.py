"""`resume=True` goes on with a run as if it had not stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded, Script, only_run

RUN_ID = "20260101_000000_abcdef"


@pytest.fixture
def stopped(begin: Callable[..., rn.Run]) -> rn.Run:
    run = begin(
        run_id=RUN_ID, config={"lr": 1, "optim": {"name": "adam"}}, tags=["first"], notes="n", group="g"
    )
    for _ in range(5):
        run.log({"loss": 1.0})
    run.log({"loss": 1.0}, step=40)
    run.summary({"a": 1})
    run.log_image("k", b"png", step=99)
    run.finish("failed")
    return run


def test_steps_continue(begin: Callable[..., rn.Run], stopped: rn.Run) -> None:
    begin(run_id=RUN_ID, resume=True).log({"loss": 1.0})
    assert Recorded(stopped.run_dir).steps() == [1, 2, 3, 4, 5, 40, 41]


def test_a_resumed_run_keeps_its_identity_and_updates_its_process(
    begin: Callable[..., rn.Run], stopped: rn.Run
) -> None:
    on_disk = Recorded(stopped.run_dir)
    before, ended = on_disk.json("meta"), on_disk.json("status")
    run = begin(run_id=RUN_ID, resume=True, tags=["second"])
    after = on_disk.json("meta")
    for key in ("id", "project", "name", "created_at", "notes", "group"):
        assert after[key] == before[key]
    assert after["tags"] == ["first", "second"] and len(after["resumed_at"]) == 1
    assert on_disk.json("status") == {
        "status": "running",
        "state": "running",
        "started_at": ended["started_at"],
    }
    run.finish()
    assert on_disk.status == "finished" and on_disk.json("summary") == {"a": 1}
    begin(run_id=RUN_ID, resume=True)
    assert len(on_disk.json("meta")["resumed_at"]) == 2


def test_the_config_is_kept_and_added_to(begin: Callable[..., rn.Run], stopped: rn.Run) -> None:
    run = begin(run_id=RUN_ID, resume=True, config={"lr": 2})
    assert dict(run.config) == {"lr": 2, "optim.name": "adam"} == Recorded(run.run_dir).json("config")


def test_project_and_name_need_not_be_given_again(folder: Path, stopped: rn.Run) -> None:
    for options in ({}, {"project": "p"}, {"name": "n"}):
        run = rn.init(storage=folder, run_id=RUN_ID, resume=True, capture_env=False, **options)
        assert (run.project, run.name, run.run_dir) == ("p", "n", stopped.run_dir)


def test_other_names_than_its_own_raise(begin: Callable[..., rn.Run], stopped: rn.Run) -> None:
    with pytest.raises(rn.RunExists, match=f"Run {RUN_ID} belongs to p/n, not to p/other"):
        begin(name="other", run_id=RUN_ID, resume=True)


def test_resuming_nothing_begins_a_run_and_says_so(
    begin: Callable[..., rn.Run], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(run_id=RUN_ID, resume=True)
    assert f"{folder} has no run {RUN_ID} to resume" in capsys.readouterr().err
    run.log({"loss": 1.0})
    assert Recorded(run.run_dir).steps() == [1] and "resumed_at" not in Recorded(run.run_dir).json("meta")


def test_resuming_without_an_id_raises(begin: Callable[..., rn.Run]) -> None:
    with pytest.raises(ValueError, match="requires the run_id"):
        begin(resume=True)


@pytest.mark.parametrize(
    ("tail", "last"),
    [
        (b'{"ts": 1.0, "type": "metrics", "data": {"global_step": 50}}\n', 50),
        (b'{"ts": 1.0, "type": "metrics", "data": {"global_ste', 40),
        (b'not json "metrics"\n[1]\n{}\n\xff\xfe\n', 40),
        (b'{"type": "metrics", "data": {"global_step": "x"}}\n', 40),
        (b'{"type": "system", "data": {"system/cpu": 1}}\n' * 20_000, 40),
        (b'{"type": "text", "data": "' + b"x" * 300_000 + b'"}\n', 40),
    ],
)
def test_the_last_complete_record_determines_the_step(
    begin: Callable[..., rn.Run], stopped: rn.Run, tail: bytes, last: int
) -> None:
    with (stopped.run_dir / "events.jsonl").open("ab") as file:
        file.write(tail)
    run = begin(run_id=RUN_ID, resume=True)
    run.log({"loss": 0.5})
    line = (run.run_dir / "events.jsonl").read_bytes().split(b"\n")[-2]
    assert f'"global_step":{last + 1},' in line.decode()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tags": 5, "resumed_at": null, "created_at": "x"}'])
def test_damaged_files_stop_nothing(begin: Callable[..., rn.Run], stopped: rn.Run, content: str) -> None:
    for name in ("meta", "status", "config", "summary"):
        (stopped.run_dir / f"{name}.json").write_text(content)
    run = begin(run_id=RUN_ID, resume=True, tags=["t"])
    run.finish()
    on_disk = Recorded(run.run_dir)
    assert on_disk.json("meta")["tags"] == ["t"] and on_disk.status == "finished"


def test_a_killed_run_is_resumed_without_a_gap(script: Callable[..., Script], folder: Path) -> None:
    text = f"run = rn.init(run_id='{RUN_ID}', resume=True)\nfor _ in range(10): run.log(loss=1.0)\n"
    assert script(text + "os.kill(os.getpid(), signal.SIGKILL)").end() == -9
    assert script(text).end() == 0
    assert only_run(folder).steps() == list(range(1, 21)) and only_run(folder).status == "finished"


def test_resuming_a_deleted_run_is_reported(
    begin: Callable[..., rn.Run], stopped: rn.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (stopped.run_dir / ".deleted").write_text("{}")
    begin(run_id=RUN_ID, resume=True).log({"loss": 1.0})
    assert "is in the recycle bin" in capsys.readouterr().err
    assert Recorded(stopped.run_dir).steps()[-1] == 41


def test_the_best_value_goes_on(begin: Callable[..., rn.Run]) -> None:
    def part(**metrics: Any) -> dict[str, Any]:
        run = begin(run_id=RUN_ID, resume=True)
        run.set_primary_metric("acc", "max")
        run.log(metrics)
        run.finish()
        return Recorded(run.run_dir).json("summary")

    assert part(acc=0.9)["best_metric_value"] == 0.9
    assert part(acc=0.5) == {
        "best_metric_name": "acc",
        "best_metric_mode": "max",
        "best_metric_value": 0.9,
        "best_metric_step": 1,
    }


SECOND = f"""
run = rn.init(run_id='{RUN_ID}', resume=True, capture_env=False, system_metrics=False)
run.log(loss=2.0)
"""


def test_a_second_process_does_not_end_the_run_of_the_first(
    script: Callable[..., Script], folder: Path
) -> None:
    first = script(
        f"run = rn.init(run_id='{RUN_ID}', capture_env=False, system_metrics=False)\n"
        "run.log(loss=1.0); print('logged', flush=True); sys.stdin.readline(); run.log(loss=3.0)"
    )
    assert first.hear() == "logged"
    second = script(SECOND)
    assert second.end() == 0 and "still writes run" in second.stderr
    run = only_run(folder)
    assert run.status == "running" and run.json("meta")["pid"] == first.process.pid
    first.tell("go")
    assert first.end() == 0 and run.status == "finished" and len(run.steps()) == 3


def test_the_first_process_does_not_end_a_run_that_the_second_writes(
    script: Callable[..., Script], folder: Path
) -> None:
    wait = "print('logged', flush=True); sys.stdin.readline()"
    first = script(f"run = rn.init(run_id='{RUN_ID}', capture_env=False, system_metrics=False)\n{wait}")
    assert first.hear() == "logged"
    second = script(f"{SECOND}{wait}")
    assert second.hear() == "logged"
    first.tell("go")
    assert first.end() == 0 and only_run(folder).status == "running"
    second.tell("go")
    assert second.end() == 0 and only_run(folder).status == "finished"
