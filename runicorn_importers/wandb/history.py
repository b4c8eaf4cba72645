"""Rows of the history of a run of Weights & Biases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runicorn_importers.experiment import Entry, Point, number
from runicorn_importers.wandb.media import media


def row_entries(files: Path, row: dict[str, Any], step: int, omissions: list[str]) -> Iterator[Entry]:
    """Yield the media of a row, then its values.

    Args:
        files: the folder of the files of the run.
        row: what was logged, with `_step` and `_timestamp`.
        step: the step of a row without `_step`.
        omissions: receives a message for each value that is not imported.
    """
    recorded, moment = row.get("_step"), row.get("_timestamp")
    step = recorded if isinstance(recorded, int) else step
    time = float(moment) if isinstance(moment, int | float) else None
    numbers: dict[str, Any] = {}
    for name, value in flat("", row):
        if name[:1] == "_" or value is None:
            continue
        if isinstance(value, int | float | str):
            numbers[name] = number(value)
        elif media_entries := media(files, name, step, time, value) if isinstance(value, dict) else []:
            yield from media_entries
        else:
            omissions.append(
                f"{name!r} is not a number, a text or a known kind of media and was not imported."
            )
    if numbers:
        yield Point(step, time, numbers)


def flat(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Flatten nested values to dotted names; typed values (an image, a table) stay nested."""
    for key, value in values.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, value


def summary_of(values: dict[str, Any], omissions: list[str]) -> dict[str, Any]:
    """Return the entries of a summary by dotted names.

    Args:
        values: the summary as recorded, with nested values. Media in it are those of the history.
        omissions: receives a message for each value that is not imported.
    """
    entries: dict[str, Any] = {}
    for name, value in flat("", values):
        if name[:1] == "_" or (isinstance(value, dict) and "_type" in value):
            continue
        if value is None or isinstance(value, int | float | str | list):
            entries[name] = value
        else:
            omissions.append(
                f"{name!r} of the summary is not a number, a text or a list and was not imported."
            )
    return entries


def own_fields(**fields: Any) -> dict[str, Any]:
    """Return fields of a run of W&B for its config, as `runicorn.compat.wandb` stores them: `wandb.job_type`."""
    return {f"wandb.{name}": str(value) for name, value in fields.items() if value}
