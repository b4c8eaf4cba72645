"""Import of exports of Neptune: Parquet files and files that `neptune-exporter` wrote.

Format: src/neptune_exporter/model.py of https://github.com/neptune-ai/neptune-exporter, one row for each attribute or point.
Files are relative to the folder `files` beside the folder of the Parquet files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from runicorn.media.images import SUFFIX
from runicorn.store import layout
from runicorn_importers.experiment import (
    DAMAGED,
    Entry,
    Experiment,
    Files,
    Media,
    NotReadable,
    Point,
    Series,
    Unreadable,
    as_histogram,
    open_ended,
    sizes,
    text_lines,
)

COLUMN = {
    "float": "float_value",
    "int": "int_value",
    "string": "string_value",
    "bool": "bool_value",
    "datetime": "datetime_value",
    "string_set": "string_set_value",
    "file": "file_value",
    "file_set": "file_value",
    "artifact": "file_value",
}
"""Column of the value of each type of attribute."""
FLOATS, TEXTS, HISTOGRAMS, FILES = "float_series", "string_series", "histogram_series", "file_series"
IDS = ["project_id", "run_id"]
SYSTEM, MONITORING, OUTPUT = "sys/", "monitoring/", ("stdout", "stderr")
DECIMALS = 6
ACTIVE = "Active"


@dataclass
class _Run:
    """The attributes of a run, and the Parquet files that it is in."""

    project: str
    id: str
    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)

    def system(self, name: str) -> Any:
        """Return an attribute below `sys/`; None if missing."""
        return self.values.get(SYSTEM + name)

    @property
    def origin(self) -> str:
        return f"neptune:{self.project}/{self.id}"


def read(path: Path) -> Iterator[Experiment | Unreadable]:
    """Yield the runs of an export.

    Args:
        path: the folder above `data` and `files`, the folder of the Parquet files, or one of them.

    Raises:
        NotReadable: there is no export, or pyarrow is missing.
    """
    parts = [path] if path.is_file() else sorted(path.rglob("*part_*.parquet"))
    if not parts:
        raise NotReadable(f"{path} contains no Parquet file of neptune-exporter.")
    try:
        import pyarrow
    except ImportError:
        raise NotReadable("Exports of Neptune are read with pyarrow: pip install pyarrow") from None
    runs: dict[tuple[str, str], _Run] = {}
    for part in parts:
        try:
            _collect(part, runs)
        except (pyarrow.ArrowException, *DAMAGED) as error:
            yield Unreadable(str(part), f"{part} is damaged, or not of neptune-exporter: {error}")
    forked = {(run.project, str(run.system("forking/parent"))) for run in runs.values()}
    for key, run in runs.items():
        try:
            has_family = run.system("forking/parent") or key in forked
            yield _experiment(run, path, _family(run, runs) if has_family else "")
        except (pyarrow.ArrowException, *DAMAGED) as error:
            yield Unreadable(run.origin, str(error))


def _table(part: Path, columns: list[str], filters: list[tuple[str, str, Any]]) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(part, columns=columns, filters=filters or None)


def _collect(part: Path, runs: dict[tuple[str, str], _Run]) -> None:
    """Add the attributes of a Parquet file to their runs."""
    columns = [*IDS, "attribute_path", "attribute_type", *dict.fromkeys(COLUMN.values())]
    for project, run_id in sorted({tuple(row.values()) for row in _table(part, IDS, []).to_pylist()}):
        run = runs.setdefault((project, run_id), _Run(project, run_id))
        run.parts.append(part)
    for row in _table(part, columns, [("attribute_type", "in", list(COLUMN))]).to_pylist():
        run, value = runs[row["project_id"], row["run_id"]], row[COLUMN[row["attribute_type"]]]
        if isinstance(value, dict):
            run.files[row["attribute_path"]] = str(value.get("path") or "")
        elif value is not None:
            run.values[row["attribute_path"]] = value


def _family(run: _Run, runs: dict[tuple[str, str], _Run]) -> str:
    """Return the id of the run from which a run descends by forks."""
    ancestors: set[str] = set()
    while (parent := run.system("forking/parent")) and parent not in ancestors:
        ancestors.add(parent)
        run = runs.get((run.project, parent), run)
    return run.id


def _experiment(run: _Run, top: Path, family: str) -> Experiment:
    omissions: list[str] = []
    scale = _scale(run)
    if scale > 1:
        omissions.append(f"its steps have decimals and were multiplied by {scale}.")
    started, changed = _seconds(run.system("creation_time")), _seconds(run.system("modification_time"))
    status, reason = layout.FINISHED, ""
    if run.system("failed"):
        status, reason = layout.FAILED, "neptune: the run failed"
    elif run.system("state") == ACTIVE:
        status, reason = open_ended(changed, "neptune: the run was active when it was exported")
    parent, fork_step = run.system("forking/parent"), run.system("forking/step")
    paths = dict(_stored(run, top, omissions))
    name = str(run.system("name") or run.id)
    return Experiment(
        origin=run.origin,
        project=run.project.rpartition("/")[2] or "neptune",
        name=name,
        started=started,
        ended=changed if status != layout.RUNNING else None,
        status=status,
        reason=reason,
        config={
            path.replace("/", "."): value
            if isinstance(value, bool | int | float | str | list)
            else str(value)
            for path, value in run.values.items()
            if not path.startswith(SYSTEM)
        },
        tags=[*(run.system("tags") or []), *(run.system("group_tags") or [])],
        notes=str(run.system("description") or ""),
        group=family,
        host=str(run.system("hostname") or ""),
        entries=lambda: _entries(run, top, scale, omissions),
        lines=lambda: _lines(run, scale),
        files=[Files(f"{name}-{run.id}", "custom", paths)] if paths else [],
        omissions=omissions,
        check=lambda: _check(run),
        parent=f"neptune:{run.project}/{parent}" if parent else "",
        fork_step=float(fork_step) * scale if parent and fork_step is not None else None,
        fingerprint=sizes(run.parts),
    )


def _seconds(moment: Any) -> float | None:
    return moment.timestamp() if moment is not None else None


def _series(run: _Run, kind: str, *columns: str) -> list[dict[str, Any]]:
    """Return the rows of one kind of series, by step and time."""
    names = ["attribute_path", "step", "timestamp", *columns]
    filters = [("project_id", "==", run.project), ("run_id", "==", run.id), ("attribute_type", "==", kind)]
    rows = [row for part in run.parts for row in _table(part, names, filters).to_pylist()]
    return sorted(rows, key=lambda row: (row["step"] or 0, _seconds(row["timestamp"]) or 0.0))


def _scale(run: _Run) -> int:
    """Return the power of ten by which all steps of a run are whole numbers."""
    filters = [("project_id", "==", run.project), ("run_id", "==", run.id)]
    places = 0
    for part in run.parts:
        for step in _table(part, ["step"], filters)["step"].unique().to_pylist():
            exponent = Decimal(step or 0).normalize().as_tuple().exponent
            places = max(places, -exponent if isinstance(exponent, int) else 0)
    return int(10 ** min(places, DECIMALS))


def _step(row: dict[str, Any], scale: int) -> int:
    return int((row["step"] or 0) * scale)


def _entries(run: _Run, top: Path, scale: int, omissions: list[str]) -> Iterator[Entry]:
    yield from _points(_series(run, FLOATS, "float_value"), scale)
    for row in _series(run, HISTOGRAMS, "histogram_value"):
        path, content = row["attribute_path"], row["histogram_value"] or {}
        values = content.get("values") or []
        if all(float(value).is_integer() for value in values):
            time = _seconds(row["timestamp"])
            yield as_histogram(path, _step(row, scale), time, content.get("edges") or [0.0], values)
        else:
            omissions.append(f"{path!r} has densities instead of counts and was not imported.")
    for row in _series(run, FILES, "file_value"):
        file = _file(top, str((row["file_value"] or {}).get("path")))
        suffix = file.suffix.lower().lstrip(".") if file else ""
        if file and file.is_file() and SUFFIX.fullmatch(suffix):
            yield Media(row["attribute_path"], _step(row, scale), _seconds(row["timestamp"]), file, suffix)
        else:
            omissions.append(f"a file of {row['attribute_path']!r} is missing, or has no suffix.")


def _points(rows: Iterable[dict[str, Any]], scale: int) -> Iterator[Point]:
    """Yield the values of the same step and time together; those of the machine have no step."""
    last: Point | None = None
    for row in rows:
        path, value, time = row["attribute_path"], row["float_value"], _seconds(row["timestamp"])
        if value is None:
            continue
        if name := _monitored(path):
            yield Point(0, time, {name: value}, "system")
            continue
        step = _step(row, scale)
        if last is not None and (last.step, last.time) == (step, time) and path not in last.values:
            last.values[path] = value
            continue
        if last is not None:
            yield last
        last = Point(step, time, {path: value})
    if last is not None:
        yield last


def _monitored(path: str) -> str:
    """Return the name of a statistic of the machine; "" for others."""
    return f"system/{path.removeprefix(MONITORING)}" if path.startswith(MONITORING) else ""


def _lines(run: _Run, scale: int) -> Iterator[str]:
    for row in _series(run, TEXTS, "string_value"):
        path, words = row["attribute_path"], str(row["string_value"] or "")
        if path.endswith(OUTPUT):
            yield from words.splitlines()
        else:
            yield from text_lines(path, _step(row, scale), words)


def _file(top: Path, relative: str) -> Path | None:
    start = top if top.is_dir() else top.parent
    for folder in (start / "files", start, start.parent / "files", start.parent.parent / "files"):
        path = (folder / relative).resolve()
        if relative and path.exists() and path.is_relative_to(folder.resolve()):
            return path
    return None


def _stored(run: _Run, top: Path, omissions: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files of a run by their attribute."""
    for attribute, relative in run.files.items():
        place = _file(top, relative)
        if place is None:
            omissions.append(f"the file {attribute!r} is not in the export.")
        elif place.is_dir():
            for file in sorted(place.rglob("*")):
                if file.is_file() and not file.is_symlink():
                    yield f"{attribute}/{file.relative_to(place).as_posix()}", file
        else:
            yield attribute if Path(attribute).suffix else attribute + place.suffix, place


def _check(run: _Run) -> dict[str, Series]:
    """Return the statistics of the float series, computed by Arrow."""
    import pyarrow
    import pyarrow.compute as compute

    filters = [("project_id", "==", run.project), ("run_id", "==", run.id), ("attribute_type", "==", FLOATS)]
    names = ["attribute_path", "step", "timestamp", "float_value"]
    table = pyarrow.concat_tables([_table(part, names, filters) for part in run.parts])
    table = table.filter(compute.is_valid(table["float_value"]))
    order = [("step", "ascending"), ("timestamp", "ascending")]
    every = table.sort_by(order).group_by("attribute_path", use_threads=False)
    series_by_name = {
        path: Series(count, None, None, last)
        for path, count, last in _rows(every.aggregate([("float_value", "count"), ("float_value", "last")]))
    }
    finite = table.filter(compute.is_finite(table["float_value"])).group_by("attribute_path")
    for path, low, high in _rows(finite.aggregate([("float_value", "min"), ("float_value", "max")])):
        series_by_name[path] = series_by_name[path]._replace(low=low, high=high)
    return {_monitored(path) or path: series for path, series in series_by_name.items()}


def _rows(table: Any) -> Iterable[tuple[Any, ...]]:
    names = [name for name in table.column_names if name != "attribute_path"]
    return zip(*(table[name].to_pylist() for name in ("attribute_path", *names)), strict=True)
