"""Import of DVCLive: folders with `metrics.json`, `params.yaml` and `plots/metrics/<name>.tsv`.

Format: https://dvc.org/doc/dvclive/how-it-works. DVCLive records neither times nor an id, and overwrites the folder with the
next experiment. A run is recognised by the path of its folder and its parameters.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    Media,
    NotReadable,
    Series,
    Unreadable,
    as_table,
    by_step,
    open_ended,
    sizes,
    tally,
)

METRICS = Path("plots", "metrics")
TABLES = ("sklearn", "custom")


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs below a folder.

    Raises:
        NotReadable: there is no folder of DVCLive.
    """
    folders = sorted(
        {plots.parent.parent for plots in (path.rglob("plots/metrics") if path.is_dir() else ())}
    )
    if not folders:
        raise NotReadable(f"{path} contains no folder plots/metrics of DVCLive.")
    for folder in folders:
        try:
            yield _experiment(path, folder)
        except DAMAGED as error:
            yield Unreadable(str(folder), f"{folder} is damaged: {error}.")


def _experiment(top: Path, folder: Path) -> Experiment:
    import yaml

    params = folder / "params.yaml"
    text = regular_file.read_bytes(params) if params.is_file() else b""
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    times = [file.stat().st_mtime for file in files]
    status, _ = open_ended(max(times))
    place, omissions = folder.resolve(), list[str]()
    summary = layout.read_json(folder / "metrics.json")[0]
    return Experiment(
        origin=f"dvclive:{place}#{hashlib.sha256(text).hexdigest()[:8]}",
        project=place.parent.name,
        name=place.name if folder == top else folder.relative_to(top).as_posix(),
        started=min(times),
        is_dated=False,
        status=status if status == layout.RUNNING else layout.FINISHED,
        config=config if isinstance(config, dict) else {},
        summary={key: value for key, value in summary.items() if key != "step"},
        entries=lambda: _entries(folder, omissions),
        omissions=omissions,
        check=lambda: _check(folder),
        fingerprint=sizes(files) + hashlib.sha256(text).hexdigest() + str(summary),
    )


def _entries(folder: Path, omissions: list[str]) -> Iterator[Entry]:
    yield from by_step(_values(folder / METRICS))
    for picture in sorted((folder / "plots" / "images").rglob("*")):
        suffix = picture.suffix.lower().lstrip(".")
        if picture.is_file() and not picture.is_symlink() and SUFFIX.fullmatch(suffix):
            key = picture.relative_to(folder / "plots" / "images").with_suffix("")
            is_of_step = key.name.isdecimal() and len(key.parts) > 1
            step = int(key.name) if is_of_step else 0
            yield Media((key.parent if is_of_step else key).as_posix(), step, None, picture, suffix)
    for plot in sorted(file for name in TABLES for file in (folder / "plots" / name).glob("*.json")):
        rows = json.loads(regular_file.read_bytes(plot))
        if isinstance(rows, dict):
            rows = next((value for value in rows.values() if isinstance(value, list)), None)
        if isinstance(rows, list):
            yield as_table(plot.stem, 0, None, rows)
        else:
            omissions.append(f"the plot {plot.name!r} is not a table and was not imported.")


def _values(folder: Path) -> Iterator[tuple[int, float | None, str, Any]]:
    """Yield the rows `step, value` of each metric; early versions have a `timestamp` in milliseconds too."""
    for file in sorted(folder.rglob("*.tsv")):
        name = file.relative_to(folder).with_suffix("").as_posix()
        with regular_file.open_text(file, newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                moment = row.get("timestamp")
                value = row.get(file.stem)
                if value:
                    yield int(row["step"]), float(moment) / 1000 if moment else None, name, float(value)


def _check(folder: Path) -> dict[str, Series]:
    """Return the statistics of the last column of each file."""
    series_by_name: dict[str, Series] = {}
    for file in (folder / METRICS).rglob("*.tsv"):
        name = file.relative_to(folder / METRICS).with_suffix("").as_posix()
        series_by_name |= tally(
            (name, float(line.rsplit("\t", 1)[-1]))
            for line in regular_file.read_text(file).splitlines()[1:]
            if line
        )
    return series_by_name
