"""Small run folders."""

from __future__ import annotations

import json
import os
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
    status: str = "finished",
    summary: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    logs: str | None = None,
    created_at: float | None = None,
    **meta: Any,
) -> str:
    """Write one run and return its id; `metrics` are the `data` of its events, a step and a second apart."""
    created = time.time() - 3600 if created_at is None else created_at
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(created))
    run_id = run_id or f"{stamp}_{secrets.token_hex(3)}"
    folder = root / project / name / "runs" / run_id
    (folder / "media").mkdir(parents=True)
    about = {"id": run_id, "project": project, "name": name, "created_at": created, "pid": 1}
    state: dict[str, Any] = {"status": status, "started_at": created}
    if status != "running":
        state["ended_at"] = created + len(metrics or ()) + 1
    files = {
        "meta": {**about, "hostname": "elsewhere", **meta},
        "status": state,
        "summary": summary,
        "config": config,
    }
    for stem, content in files.items():
        if content is not None:
            (folder / f"{stem}.json").write_text(json.dumps(content), encoding="utf-8")
    if logs is not None:
        (folder / "logs.txt").write_text(logs, encoding="utf-8")
    if metrics is not None:
        with (folder / "events.jsonl").open("w", encoding="utf-8") as journal:
            for number, data in enumerate(metrics, start=1):
                full = {"global_step": number, "time": created + number} | data
                journal.write(json.dumps({"ts": full["time"], "type": "metrics", "data": full}) + "\n")
    return run_id


def write_old_runs(root: Path, count: int) -> None:
    """Write runs that ended two days ago: manifests trust their modification times."""
    then = time.time() - 2 * 86_400
    for number in range(count):
        run_id = f"20260101_{number // 3600:02d}{number // 60 % 60:02d}{number % 60:02d}_{number:06x}"
        project, name = f"project{number % 3}", f"name{number % 2}"
        write_run(
            root,
            project,
            name,
            run_id=run_id,
            metrics=[{"loss": 1 / (step + 1)} for step in range(20)],
            summary={"number": number},
            config={"lr": 0.1},
            logs=f"this is run {number}\n" * 20,
            created_at=then - number,
        )
        folder = root / project / name / "runs" / run_id
        (folder / "media" / "1_picture.png").write_bytes(b"\x89PNG" + run_id.encode())
    for parent, _, names in os.walk(root, topdown=False):
        for file in names:
            os.utime(os.path.join(parent, file), (then, then))
        os.utime(parent, (then, then))
