"""Run folders written by hand, as the format documents them, independent of the SDK."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any


def write_run(
    root: Path,
    project: str = "vision",
    name: str = "resnet",
    *,
    run_id: str | None = None,
    metrics: list[dict[str, Any]] | None = None,
    status: str | None = "finished",
    summary: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    logs: str | None = None,
    created_at: float | None = None,
    **meta: Any,
) -> str:
    """Write one run and return its id.

    `metrics` are the `data` of `metrics` events; a `global_step` (1, 2, …) and a `time` (one second apart) are
    filled in where they are missing. Further keywords go to `meta.json`.
    """
    created = time.time() - 3600 if created_at is None else created_at
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(created))
    run_id = run_id or f"{stamp}_{secrets.token_hex(3)}"
    folder = root / project / name / "runs" / run_id
    (folder / "media").mkdir(parents=True)
    about = {
        "id": run_id,
        "project": project,
        "name": name,
        "created_at": created,
        "pid": 1,
        "hostname": "elsewhere",
    }
    _write(folder / "meta.json", about | meta)
    if status is not None:
        state: dict[str, Any] = {"status": status, "started_at": created}
        if status != "running":
            state["ended_at"] = created + len(metrics or ()) + 1
        _write(folder / "status.json", state)
    if summary is not None:
        _write(folder / "summary.json", summary)
    if config is not None:
        _write(folder / "config.json", config)
    if logs is not None:
        (folder / "logs.txt").write_text(logs, encoding="utf-8")
    if metrics is not None:
        append_metrics(root, project, name, run_id, metrics, created)
    return run_id


def append_metrics(
    root: Path, project: str, name: str, run_id: str, metrics: list[dict[str, Any]], since: float
) -> None:
    """Append `metrics` events to a run's journal, one second apart from `since` on."""
    with (root / project / name / "runs" / run_id / "events.jsonl").open("a", encoding="utf-8") as journal:
        for number, data in enumerate(metrics, start=1):
            full = {"global_step": number, "time": since + number} | data
            event = {"ts": full["time"], "type": "metrics", "data": full}
            journal.write(json.dumps(event, ensure_ascii=False) + "\n")


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")


def folder_of(root: Path, run_id: str) -> Path:
    """The folder of a run, wherever it lies."""
    (folder,) = root.glob(f"*/*/runs/{run_id}")
    return folder
