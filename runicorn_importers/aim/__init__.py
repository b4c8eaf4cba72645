"""Import of Aim repositories (`.aim`): RocksDB databases that only Aim opens, so a Python with Aim reads them.

    runicorn import-from aim PATH --python /path/to/environment/bin/python

`script.py` runs there and prints one JSON object per line with numbers, texts and settings; images
and other objects are files in a temporary folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn_importers.experiment import (
    Entry,
    Experiment,
    Media,
    NotReadable,
    Unreadable,
    as_histogram,
    by_step,
    open_ended,
    text_lines,
)

SCRIPT = Path(__file__).with_name("script.py")
CURES = {
    "Missing props": "It was never indexed. Run `from aim import Run; Run({hash!r}, repo={repo!r}, "
    "system_tracking_interval=None).close()` in the Python with Aim, then import again.",
    "": "Its index may be incomplete. Run `aim storage --repo {repo} reindex`, then import again.",
}
"""Advice for an error of Aim, by a part of its message."""
MISSING = 3
"""Exit code of a Python without Aim."""


def read(path: Path, python: str = "") -> Iterator[Experiment | Unreadable]:
    """Yield the runs of a repository.

    Args:
        path: the folder that contains `.aim`, or `.aim` itself.
        python: path of a Python with Aim; by default this one.

    Raises:
        NotReadable: there is no repository, or no library to read it.
        OSError: that Python cannot be started.
    """
    folder = path.parent if path.name == ".aim" else path
    if not (folder / ".aim").is_dir():
        raise NotReadable(f"{folder} contains no repository .aim.")
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        tempfile.TemporaryFile("w+") as errors,
        tempfile.TemporaryDirectory() as media,
    ):
        command = [python or sys.executable, "-I", str(SCRIPT), str(folder.resolve()), media]
        code = subprocess.run(command, stdout=output, stderr=errors, stdin=subprocess.DEVNULL).returncode
        if code == MISSING:
            raise NotReadable(
                "Only Aim's own library opens its repositories, and this Python does not have it. "
                "Pass one that does: --python /path/to/environment/bin/python"
            )
        if code:
            errors.seek(0)
            reason = (errors.read().strip().splitlines() or ["no error message"])[-1]
            raise NotReadable(f"Aim could not read {folder}: {reason[:300]}")
        output.seek(0)
        for line in output:
            run = json.loads(line)
            if "problem" in run:
                yield Unreadable(f"aim:{run['hash']}", _problem(run, str(folder)))
            else:
                yield _experiment(run, Path(media))


def _problem(run: dict[str, Any], repo: str) -> str:
    cure = next(cure for part, cure in CURES.items() if part in run["problem"])
    return f"Aim cannot read it: {run['problem'][:300]}. {cure.format(hash=run['hash'], repo=repo)}"


def _experiment(run: dict[str, Any], folder: Path) -> Experiment:
    omissions = [f"{problem}. It was not imported." for problem in run.get("problems", ())]
    omissions += [f"{name!r} has no numbers and was not imported." for name in run.get("others", ())]
    objects = run.get("objects", [])

    def entries() -> list[Entry]:
        points = by_step(
            (step, time, name, value)
            for name, steps, times, numbers in run["metrics"]
            for step, time, value in zip(steps, times, numbers, strict=True)
        )
        return [*points, *(_media(item, folder) for item in objects if "text" not in item)]

    def lines() -> Iterator[str]:
        for item in objects:
            if "text" in item:
                yield from text_lines(item["name"], item["step"], item["text"])

    if run["ended"] is None:
        times = [time or 0.0 for _, _, times, _ in run["metrics"] for time in times]
        status, reason = open_ended(max(times, default=run["started"]), "aim: the run has no end")
    else:
        status, reason = layout.FINISHED, ""
    return Experiment(
        origin=f"aim:{run['hash']}",
        project=run["experiment"] or "aim",
        name=run["name"] or run["hash"],
        started=run["started"],
        ended=run["ended"],
        status=status,
        reason=reason,
        config=run["config"],
        tags=run["tags"],
        notes=run["description"] or "",
        entries=entries,
        lines=lines,
        omissions=omissions,
        fingerprint=json.dumps(run, sort_keys=True),
    )


def _media(item: dict[str, Any], folder: Path) -> Media:
    name, step, time = item["name"], item["step"], item["time"]
    if "counts" in item:
        return as_histogram(name, step, time, item["edges"], item["counts"])
    form = str(item["format"]).lower()
    suffix = form if form == "plotly.json" or SUFFIX.fullmatch(form) else "bin"
    return Media(name, step, time, folder / item["file"], suffix, item["caption"])
