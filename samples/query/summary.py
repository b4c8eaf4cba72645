"""Distributions of samples: histograms of a step, and number and mean by step."""

from __future__ import annotations

from collections.abc import Sequence

from runicorn.json_value import JsonObject, JsonValue
from runs.store.lazy_numpy import np
from samples.query import table
from samples.query.comparison import score_column
from samples.query.table import Filter, Selection
from samples.store.piece import Piece

BINS = 20
LENGTHS = ("completion_length", "response_length", "token_count", "length")
ENTROPIES = ("entropy", "entropies", "mean_entropy")
MOST_STEPS = 20_000


def summary(pieces: Sequence[Piece], step: int | None, query: Filter) -> JsonObject:
    """Return histograms of the samples that match at a step, and for each step their number and mean reward.

    Args:
        step: of the histograms; None for all steps.
        query: the conditions, without a step.
    """
    score = score_column(list(pieces))
    present = {name for piece in pieces for name, kind in piece.kinds.items() if kind != "text"}
    names = [score] if score in present else []
    for group in (LENGTHS, ENTROPIES):
        names += [name for name in group if name in present][:1]
    everything = table.select(pieces, query)
    shown = (
        everything
        if step is None
        else table.select(pieces, Filter(step, query.sample, query.node, query.text))
    )
    return {
        "score": score,
        "total": len(shown),
        "histograms": [_histogram(shown, name) for name in names],
        "steps": _steps(everything, score if score in present else None),
    }


def _histogram(selection: Selection, name: str) -> JsonObject:
    values = table.column(selection, name)
    values = values[~np.isnan(values)]
    if not len(values):
        return {"column": name, "edges": [], "counts": [], "mean": None}
    low, high = float(values.min()), float(values.max())
    if low == high:
        return {"column": name, "edges": [low, high], "counts": [len(values)], "mean": low}
    counts, edges = np.histogram(values, BINS, (low, high))
    listed: list[JsonValue] = [float(edge) for edge in edges]
    return {"column": name, "edges": listed, "counts": [int(n) for n in counts], "mean": float(values.mean())}


def _steps(selection: Selection, score: str | None) -> list[JsonValue]:
    steps = table.column(selection, "_step")
    known = ~np.isnan(steps)
    unique, inverse, counts = np.unique(steps[known], return_inverse=True, return_counts=True)
    means: list[float | None] = [None] * len(unique)
    if score is not None and len(unique):
        values = table.column(selection, score)[known]
        valid = ~np.isnan(values)
        sums = np.bincount(inverse[valid], values[valid], len(unique))
        numbers = np.bincount(inverse[valid], minlength=len(unique))
        means = [float(s / n) if n else None for s, n in zip(sums, numbers, strict=True)]
    rows: list[JsonValue] = [
        [int(step), int(count), mean] for step, count, mean in zip(unique, counts, means, strict=True)
    ]
    return rows[:MOST_STEPS]
