"""Aim: a repository `.aim`. It is a RocksDB, which only Aim's own library opens, so a Python that has it reads it for us.

    runicorn import-from aim PATH --python /path/to/environment/bin/python

`aim_script.py` runs there and tells one JSON object a line; only numbers, texts and settings come through.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn.foreign.experiment import Experiment, NotReadable, Point, by_step

SCRIPT = Path(__file__).with_name("aim_script.py")
MISSING = 3
"""The exit code of a Python without Aim."""


def read(path: Path, python: str = "") -> Iterator[Experiment]:
    """The runs of a repository.

    Args:
        path: the folder that holds `.aim`, or `.aim` itself.
        python: a Python with Aim; else the one that runs this.

    Raises:
        NotReadable: there is no repository, or nothing that could read it.
        OSError: that Python cannot be started.
    """
    folder = path.parent if path.name == ".aim" else path
    if not (folder / ".aim").is_dir():
        raise NotReadable(f"There is no repository .aim in {folder}.")
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told, tempfile.TemporaryFile("w+") as trouble:
        command = [python or sys.executable, "-I", str(SCRIPT), str(folder.resolve())]
        code = subprocess.run(command, stdout=told, stderr=trouble, stdin=subprocess.DEVNULL).returncode
        if code == MISSING:
            raise NotReadable(
                "Only Aim's own library opens its repositories, and this Python does not have it. "
                "Name one that does: --python /path/to/environment/bin/python"
            )
        if code:
            trouble.seek(0)
            reason = (trouble.read().strip().splitlines() or ["it said nothing"])[-1]
            raise NotReadable(f"Aim could not read {folder}: {reason[:300]}")
        told.seek(0)
        for line in told:
            yield _experiment(json.loads(line))


def _experiment(run: dict[str, Any]) -> Experiment:
    def entries() -> list[Point]:
        return by_step(
            (step, time, name, value)
            for name, steps, times, numbers in run["metrics"]
            for step, time, value in zip(steps, times, numbers, strict=True)
        )

    return Experiment(
        origin=f"aim:{run['hash']}",
        project=run["experiment"] or "aim",
        name=run["name"] or run["hash"],
        started=run["started"],
        ended=run["ended"],
        config=run["config"],
        tags=run["tags"],
        notes=run["description"] or "",
        entries=entries,
        left=[f"{name!r} holds no numbers and was not taken over." for name in run["others"]],
    )
