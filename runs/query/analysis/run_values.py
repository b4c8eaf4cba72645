"""Values of the columns of many runs, and what the members of groups have in common in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTransform

from runs.models import Run, RunParam
from runs.query import usual_metric
from runs.query.analysis.grouping import FEW, Membership
from runs.query.analysis.metric_values import Floats, Ints, Quantity, values_of
from runs.query.key_sets import Keys
from runs.query.matches import Matches
from runs.store.lazy_numpy import np
from runs.store.metric_stats import mode_by_name

NEWEST = 51
"""Runs of a project that are looked at for its usual metric."""


class Best(NamedTuple):
    """Primary metrics of runs, or of those without one the usual metric of their project.

    Attributes:
        values: best values, NaN without one.
        scores: the same, negated where less is better.
        names: of the metrics, None without one.
    """

    values: Floats
    scores: Floats
    names: Sequence[str | None]


class Words(NamedTuple):
    """Values of a column by group.

    Attributes:
        first: value of one member.
        different: number of different values; missing ones count as one.
    """

    first: Sequence[Any]
    different: Ints


def columns(matches: Matches, keys: Ints, *fields: str | Combinable) -> list[tuple[Any, ...]]:
    """Return fields of the runs of these primary keys, in their order; a run that is gone has None."""
    runs = matches.runs if len(keys) > FEW else Run.objects.filter(pk__among=Keys(keys.tolist()))
    by_key = {row[0]: row[1:] for row in runs.order_by().values_list("pk", *fields)}
    nothing = (None,) * len(fields)
    return [by_key.get(key, nothing) for key in keys.tolist()]


def numbers(matches: Matches, keys: Ints, name: str) -> Floats:
    """Return a number of each run, NaN without one."""
    return as_numbers(row[0] for row in columns(matches, keys, name))


def as_numbers(values: Any) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def best(matches: Matches, keys: Ints) -> Best:
    """Return the primary metric of each run."""
    rows = columns(matches, keys, "project", "best_metric_name", "best_metric_value", "best_score")
    names: list[str | None] = [row[1] for row in rows]
    values, scores = as_numbers(row[2] for row in rows), as_numbers(row[3] for row in rows)
    lacking: dict[str, list[int]] = {}
    for place, (project, name, *_) in enumerate(rows):
        if name is None and project is not None:
            lacking.setdefault(project, []).append(place)
    for places in lacking.values():
        newest = keys[places[: -1 - NEWEST : -1]].tolist()
        if (name := usual_metric.of_newest(newest)) is None:
            continue
        of_project = values_of(matches.root, Quantity(name, name, "best"), keys[places])
        values[places] = of_project
        scores[places] = -of_project if mode_by_name(name) == "min" else of_project
        for place, value in zip(places, of_project.tolist(), strict=True):
            names[place] = name if value == value else None
    return Best(values, scores, names)


def params(matches: Matches, keys: Ints, key: str) -> tuple[Floats, list[str | None]]:
    """Return the value of a config key of each run as number and as text."""
    rows = RunParam.objects.filter(root=matches.root, key=key)
    if len(keys) <= FEW:
        rows = rows.filter(run__in=keys.tolist())
    by_run = {
        run: (number, text) for run, number, text in rows.order_by().values_list("run_id", "number", "text")
    }
    cells = [by_run.get(run, (None, None)) for run in keys.tolist()]
    return as_numbers(number for number, _ in cells), [text for _, text in cells]


def summaries(matches: Matches, keys: Ints, key: str) -> list[Any]:
    """Return the value of a summary of each run."""
    return [row[0] for row in columns(matches, keys, KeyTransform(key, F("summary")))]


def in_common(membership: Membership, values: Sequence[Any]) -> Words:
    """Return the value of one member of each group, and how many different ones its members have."""
    index: dict[Any, int] = {}
    codes = np.fromiter((index.setdefault(value, len(index)) for value in values), np.int64, len(values))
    of_members = codes[membership.members]
    groups = np.repeat(np.arange(len(membership)), membership.sizes)
    pairs = np.unique(groups * max(1, len(index)) + of_members)
    distinct = list(index)
    first = [distinct[code] for code in of_members[membership.starts].tolist()]
    return Words(first, np.bincount(pairs // max(1, len(index)), minlength=len(membership)))
