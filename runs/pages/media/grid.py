"""Media of one key over runs and steps: rows are runs, columns are steps, downsampled if there are many."""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db.models import Max

from runs.index.media_index import catch_up
from runs.models import Run, RunMedia
from runs.pages.media.histograms import downsampled
from runs.pages.media.kinds import TITLES, kind_of
from runs.pages.media.listing import MediaItem

MOST_COLUMNS = 50
MOST_KEYS = 500
MOST_IN_CELL = 8
PATIENCE = 1.0
"""Seconds for indexing the journals of the runs; the page asks again for the rest."""

Logged = tuple[str, int | None, str | None]
"""Path, step and caption of a medium."""


@dataclass(frozen=True, slots=True)
class GridKey:
    """A key with the kind of its newest medium."""

    key: str
    kind: str

    @property
    def title(self) -> str:
        return str(TITLES[self.kind])


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column: its media are the last ones of each run from step `first` to `last`, which are `steps` different ones."""

    first: int
    last: int
    steps: int

    @property
    def further(self) -> int:
        """Number of steps that are not shown."""
        return self.steps - 1


@dataclass(frozen=True, slots=True)
class GridCell:
    """The media of a run in a column: several if they have the same step."""

    media: list[MediaItem]

    @property
    def entries(self) -> str:
        """The media as JSON, for scripts."""
        return json.dumps([medium.to_dict() for medium in self.media])


@dataclass(frozen=True, slots=True)
class GridRow:
    """A run with a cell for each column."""

    run: Run
    cells: list[GridCell]


class MediaGrid(TypedDict):
    """Context of `runs/workspace/_media_grid.html`. Without steps (`is_counted`) the n-th media share a column."""

    keys: list[GridKey]
    key: str
    is_counted: bool
    is_complete: bool
    """Whether all journals were indexed."""
    is_part: bool
    """Whether steps were left out on request."""
    columns: list[GridColumn]
    rows: list[GridRow]


def media_grid(
    runs: Sequence[Run], key: str = "", first: int | None = None, last: int | None = None
) -> MediaGrid:
    """Return the media of a key, of the first key if the runs have none of that name.

    Args:
        runs: the rows, in this order.
        first, last: limits of the steps, both included.
    """
    is_complete = _catch_up(runs)
    all_keys = keys(runs)
    if key not in {entry.key for entry in all_keys}:
        key = all_keys[0].key if all_keys else ""
    media_by_run = _media_by_run(runs, key)
    is_counted = not any(step is not None for media in media_by_run.values() for _, step, _ in media)
    placed = {pk: _with_steps(media) for pk, media in media_by_run.items()}
    steps = sorted({step for media in placed.values() for step, _ in media if _is_within(step, first, last)})
    ends = downsampled(steps, MOST_COLUMNS)
    return {
        "keys": all_keys,
        "key": key,
        "is_counted": is_counted,
        "is_complete": is_complete,
        "is_part": first is not None,
        "columns": _columns(steps, ends),
        "rows": [GridRow(run, _cells(run, key, placed.get(run.pk, []), ends, first)) for run in runs],
    }


def keys(runs: Sequence[Run]) -> list[GridKey]:
    """Return the keys of the media of runs, by kind and name."""
    rows = RunMedia.objects.filter(run__in=runs).values("key").order_by("key")
    newest = dict(rows.annotate(newest=Max("pk")).values_list("key", "newest")[:MOST_KEYS])
    paths = dict(RunMedia.objects.filter(pk__in=newest.values()).values_list("pk", "path"))
    grid_keys = [GridKey(key, kind_of(paths.get(pk, ""))) for key, pk in newest.items()]
    order = list(TITLES)
    return sorted(grid_keys, key=lambda entry: (order.index(entry.kind), entry.key))


def _catch_up(runs: Sequence[Run]) -> bool:
    """Index the media of runs for at most `PATIENCE`; return whether all are indexed."""
    end = time.monotonic() + PATIENCE
    for run in runs:
        if time.monotonic() > end:
            return False
        catch_up(run)
    return True


def _media_by_run(runs: Sequence[Run], key: str) -> dict[int, list[Logged]]:
    rows = RunMedia.objects.filter(run__in=runs, key=key).order_by("run", "pk")
    by_run: dict[int, list[Logged]] = {}
    for pk, path, step, caption in rows.values_list("run_id", "path", "step", "caption"):
        by_run.setdefault(pk, []).append((path, step, caption))
    return by_run


def _with_steps(media: Sequence[Logged]) -> list[tuple[int, Logged]]:
    """Return media by step; one without a step counts from the last step, the first one as 0."""
    numbered: list[tuple[int, Logged]] = []
    for medium in media:
        step = medium[1]
        numbered.append(((numbered[-1][0] + 1 if numbered else 0) if step is None else step, medium))
    return sorted(numbered, key=lambda pair: pair[0])


def _is_within(step: int, first: int | None, last: int | None) -> bool:
    return (first is None or step >= first) and (last is None or step <= last)


def _columns(steps: Sequence[int], ends: Sequence[int]) -> list[GridColumn]:
    columns: list[GridColumn] = []
    begin = 0
    for end in ends:
        after = bisect_left(steps, end) + 1
        columns.append(GridColumn(steps[begin], end, after - begin))
        begin = after
    return columns


def _cells(
    run: Run, key: str, media: Sequence[tuple[int, Logged]], ends: Sequence[int], first: int | None
) -> list[GridCell]:
    """Return the media of a run at its last step of each column."""
    cells: list[list[tuple[int, Logged]]] = [[] for _ in ends]
    for step, medium in media:
        if not ends or step > ends[-1] or (first is not None and step < first):
            continue
        here = cells[bisect_left(ends, step)]
        if here and here[-1][0] != step:
            here.clear()
        here.append((step, medium))
    return [
        GridCell(
            [
                MediaItem(run.run_id, kind_of(path), key, path, step, caption or "")
                for _, (path, step, caption) in some[:MOST_IN_CELL]
            ]
        )
        for some in cells
    ]
