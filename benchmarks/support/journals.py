"""Journals of any length, written as our SDK writes them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from runicorn.store.journal.checksums import seal


def write_journal(
    folder: Path, stretches: Sequence[range], names: Sequence[str], *, narrow: bool = False
) -> Path:
    """Write a run's journal with one line per step of each stretch.

    Values are float32 and times those of a training loop; with `narrow`, integers below 256 at even times, which take
    the fewest bytes in the database.
    """
    folder.mkdir(parents=True)
    random, now = Random(7), 1.7e9
    values = [float(f"{random.random():.7f}") for _ in range(10_007)]
    logged = [random.randrange(256) for _ in values] if narrow else values
    path = folder / "events.jsonl"
    keys = [json.dumps(name) for name in names]
    with path.open("wb", buffering=1024 * 1024) as journal:
        for stretch in stretches:
            for step in stretch:
                now += 2**-9 if narrow else 0.002 + values[step % 7919] / 1000
                pairs = ",".join(f"{key}:{logged[(step * 31 + i) % 10_007]}" for i, key in enumerate(keys))
                data = f'{{{pairs},"global_step":{step},"time":{now!r}}}'
                record = f'{{"ts":{now!r},"type":"metrics","data":{data}}}'
                journal.write(seal(record.encode()))
    return path


def write_run(
    root: Path, run_id: str, stretches: Sequence[range], names: Sequence[str], *, narrow: bool = False
) -> Path:
    """Write the journal with the small files of a finished run; return the journal's path."""
    folder = root / "benchmark" / "series" / "runs" / run_id
    journal = write_journal(folder, stretches, names, narrow=narrow)
    about = {"id": run_id, "project": "benchmark", "name": "series", "created_at": 1.7e9, "hostname": "bench"}
    (folder / "meta.json").write_text(json.dumps(about))
    (folder / "status.json").write_text(json.dumps({"status": "finished", "started_at": 1.7e9}))
    return journal


def link_run(root: Path, journal: Path) -> Any:
    """Return the row of a new run whose journal is a link to this one. Needs Django."""
    from runs.models import Run
    from runs.services.lookup import get_run

    run_id = f"20260101_000000_{Run.objects.count():06x}"
    folder = root / "p" / "n" / "runs" / run_id
    folder.mkdir(parents=True)
    os.link(journal, folder / "events.jsonl")
    return get_run(run_id)
