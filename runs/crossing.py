"""How many runs have one of each of several rows, found from the indexes of the rows alone.

To test run after run costs two look-ups for each: 150 ms of 100,000. An index hands out its keys at 0.2 µs each, and
what several of them have in common is found in memory. The indexes are read in turns, each a part at a time, until
enough is known; one that has few keys narrows what the others are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from django.db.models import Aggregate, QuerySet, TextField

from runs.keys import Keys
from runs.models import Run, StorageRoot
from runs.querysets import RunQuerySet

PARTS = (40_000, 110_000, 400_000, None)
"""Where 10,000 in common are usually found: of two conditions that each hold for half of 100,000 runs, of a million."""
NARROW = 20_000
"""So many keys are handed back to the database."""


WIDEST = 20_000_000

Numbers = npt.NDArray[np.int64]


class KeyList(Aggregate):
    """The keys of all rows as one text in JSON: a tenth of what it costs SQLite to hand over a row for each."""

    function = "json_group_array"
    output_field = TextField()


class Index:
    """The keys of the runs that have such a row, as far as they were read."""

    def __init__(self, rows: QuerySet[Any], field: str = "run") -> None:
        self.rows, self.field = rows.order_by().values(field), field
        self.keys: Numbers = np.empty(0, np.int64)
        self.read, self.is_complete = 0, False

    def read_up_to(self, count: int | None) -> None:
        """Read on until `count` rows are known, or all."""
        if self.is_complete:
            return
        rows = self.rows[self.read : count]
        found = orjson.loads(rows.aggregate(keys=KeyList(self.field))["keys"])
        self.keys = np.concatenate((self.keys, np.array(found, np.int64)))
        self.is_complete = count is None or len(found) < count - self.read
        self.read += len(found)

    def read_among(self, keys: Keys) -> None:
        """Read all that are among these."""
        if not self.is_complete:
            self.rows = self.rows.filter(run__pk__among=keys)
            self.read_up_to(None)


def common(
    root: StorageRoot, wanted: Iterable[QuerySet[Any]], *, live: bool, enough: int
) -> tuple[Numbers, bool]:
    """The keys of the runs of a root that have a row of each kind, and whether these are all: not beyond `enough`.

    Args:
        root: whose runs.
        wanted: rows of tags, metrics or config values, of runs of any root; at least one.
        live: without the runs in the recycle bin.
        enough: more than so many need not be found.
    """
    deleted = Index(Run.objects.filter(root=root).exclude(deleted=None), "pk")
    if live:
        deleted.read_up_to(None)
    indexes = [Index(rows.filter(root=root)) for rows in wanted]
    _narrow(indexes)
    for part in PARTS:
        for index in indexes:
            index.read_up_to(part)
        found = _of_all([index.keys for index in indexes], deleted.keys)
        is_complete = all(index.is_complete for index in indexes)
        if is_complete or len(found) > enough:
            break
    return found, is_complete


def _narrow(indexes: list[Index]) -> None:
    """If one of them has few keys, read it, and of the others what is among these."""
    counts = [index.rows[: NARROW + 1].count() for index in indexes]
    least = indexes[counts.index(min(counts))]
    if min(counts) <= NARROW:
        least.read_up_to(None)
        for index in indexes:
            index.read_among(Keys(least.keys.tolist()))


def _of_all(several: list[Numbers], left_out: Numbers) -> Numbers:
    """What all of them have, in order and once, without what is left out."""
    found = min(several, key=len)
    for keys in several:
        if keys is not found:
            found = found[_are_among(found, keys)]
    found = np.sort(found[~_are_among(found, left_out)])
    return found[np.diff(found, prepend=0) > 0]  # several tags of one run


def _are_among(found: Numbers, keys: Numbers) -> npt.NDArray[np.bool_]:
    # A byte for each key in the range is a third of the time of sorting them, and what numpy takes for few only.
    quick = len(keys) > 0 and int(keys.max() - keys.min()) < WIDEST
    return np.isin(found, keys, kind="table" if quick else None)


def lives(runs: RunQuerySet) -> bool | None:
    """Whether these are all runs of a root but those in the recycle bin; False for all, None when it is neither."""
    live = False
    for condition in runs.query.where.children:
        column = getattr(getattr(getattr(condition, "lhs", None), "target", None), "name", "")
        if column == "deleted" and condition.lookup_name == "isnull" and condition.rhs is True:
            live = True
        elif column != "root":
            return None
    return live
