"""Many small finished runs, each with a journal of its own, as the SDK writes them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

from runicorn.store.journal.checksums import seal

METRICS = ("train/loss", "train/accuracy", "val/loss", "val/accuracy")
RECORDS = 20


def write_small_runs(root: Path, count: int, first: int = 0) -> None:
    """Write runs of four metrics in 20 records that ended long ago, in 8 projects with 5 experiments each."""
    random = Random(first)
    for number in range(first, first + count):
        variant, started = number % 400, 1.7e9 + number * 60
        project, name = f"project-{variant % 8}", f"experiment-{variant % 40}"
        run_id = f"{time.strftime('%Y%m%d_%H%M%S', time.gmtime(started))}_{number:06x}"
        folder = root / project / name / "runs" / run_id
        folder.mkdir(parents=True)
        meta = {
            "id": run_id,
            "project": project,
            "name": name,
            "created_at": started,
            "hostname": "elsewhere",
        }
        small = {
            "meta": {**meta, "pid": 1, "tags": ["baseline"] if variant % 3 == 0 else []},
            "status": {
                "status": "failed" if variant % 10 == 3 else "finished",
                "started_at": started,
                "ended_at": started + RECORDS,
            },
            "config": {"lr": random.random(), "batch": 32, "optimizer": "adam", "seed": number},
            "summary": {"best_metric_name": "val/accuracy", "best_metric_value": random.random()},
        }
        for stem, content in small.items():
            (folder / f"{stem}.json").write_text(json.dumps(content))
        with (folder / "events.jsonl").open("wb") as journal:
            for step in range(RECORDS):
                now = started + step
                data = {**{metric: random.random() for metric in METRICS}, "global_step": step, "time": now}
                journal.write(seal(json.dumps({"ts": now, "type": "metrics", "data": data}).encode()))
