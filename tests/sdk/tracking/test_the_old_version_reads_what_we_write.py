"""Runicorn 0.5 reads our runs: a reimplementation of its reader finds every value."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded

DROPPED = ("global_step", "step", "epoch")


def _old_step(data: dict[str, Any]) -> int | None:
    for name in ("global_step", "step"):
        try:
            return int(data[name])
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _old_value(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def old_rows(journal: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns and rows as `GET /api/runs/{id}/metrics_step` of 0.5 makes them."""
    rows: dict[int, dict[str, Any]] = {}
    for line in journal.read_text(encoding="utf-8", errors="ignore").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict) or event.get("type") != "metrics":
            continue
        data = event.get("data")
        step = _old_step(data) if isinstance(data, dict) else None
        if isinstance(data, dict) and step is not None:
            columns = {key: _old_value(value) for key, value in data.items() if key not in DROPPED}
            rows.setdefault(step, {"global_step": step}).update(
                {key: value for key, value in columns.items() if not isinstance(value, list | dict)}
            )
    names = sorted({key for row in rows.values() for key in row} - {"global_step"})
    filled = [{name: rows[step].get(name) for name in ("global_step", *names)} for step in sorted(rows)]
    return ["global_step", *names], filled


def test_every_value_is_in_its_rows(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"loss": 1.5, "名": "α"}, stage="train")
    run.log({"loss": math.nan, "acc": np.float32(0.5)})
    run.log({"ok": True, "big": 2**70, "none": None}, step=2)
    run.log_image("k", b"png")
    columns, rows = old_rows(run.run_dir / "events.jsonl")
    assert columns == ["global_step", "acc", "big", "loss", "none", "ok", "stage", "time", "名"]
    without_time = [{key: value for key, value in row.items() if key != "time"} for row in rows]
    empty = dict.fromkeys(name for name in columns if name != "time")
    assert without_time == [
        empty | {"global_step": 1, "loss": 1.5, "stage": "train", "名": "α"},
        empty | {"global_step": 2, "acc": 0.5, "ok": True, "big": 2**70},
    ]


def test_lines_have_its_shape(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"loss": 1.0})
    run.log_image("k", b"png", step=3, caption="c")
    metrics, image = map(json.loads, (run.run_dir / "events.jsonl").read_text().splitlines())
    assert list(metrics) == list(image) == ["ts", "type", "data", "crc"]
    assert metrics["ts"] == metrics["data"]["time"] and set(metrics["data"]) == {
        "loss",
        "global_step",
        "time",
    }
    assert set(image["data"]) == {"key", "path", "step", "caption", "size", "crc32"}


def test_the_small_files_have_its_names_and_types(begin: Callable[..., rn.Run]) -> None:
    with begin() as run:
        run.set_primary_metric("acc")
        run.log({"acc": 0.5}, step=3)
    on_disk = Recorded(run.run_dir)
    documented = {"id": str, "project": str, "name": str, "created_at": float, "python": str}
    documented |= {"platform": str, "hostname": str, "pid": int, "storage_dir": str}
    meta = on_disk.json("meta")
    assert {key: type(meta[key]) for key in documented} == documented
    assert {key: type(value) for key, value in on_disk.json("status").items()} == {
        "status": str,
        "state": str,
        "started_at": float,
        "ended_at": float,
        "records_written": int,
        "records_missing": int,
        "journal_bytes": int,
        "journal_crc32": str,
        "log_bytes": int,
        "log_crc32": str,
    }
    assert on_disk.json("summary") == {
        "best_metric_value": 0.5,
        "best_metric_name": "acc",
        "best_metric_step": 3,
        "best_metric_mode": "max",
    }
