"""Distributions of samples: histograms of a step, and number and mean by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runicorn.json_value import JsonObject, JsonValue
from runs.store.lazy_numpy import np
from samples.query import table, where
from samples.query.comparison import score_column
from samples.query.table import Filter, Selection
from samples.store.piece import NO_STEP, Piece

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    selection = (
        everything
        if step is None
        else table.select(pieces, Filter(step, query.sample, query.node, query.text))
    )
    return {
        "score": score,
        "total": len(selection),
        "histograms": [_histogram(selection, name) for name in names],
        "selected_by": _texts(selection, "selected_by"),
        "step_from": _texts(selection, "step_from"),
        "steps": _steps(everything, score if score in present else None),
    }


def _texts(selection: Selection, name: str) -> list[JsonValue]:
    """Return the different texts of a column of few of them."""
    values: set[str] = set()
    for piece, rows in table.by_piece(selection):
        if piece.kinds.get(name) == "text":
            codes, texts = piece.texts(name)
            values.update(texts[code] for code in np.unique(codes[rows]) if code >= 0)
    return [*sorted(values)]


def _histogram(selection: Selection, name: str) -> JsonObject:
    low, high, mean, count = math.inf, -math.inf, 0.0, 0
    for piece, rows in table.by_piece(selection):
        values = _present(piece, name, rows)
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            # Shares instead of sums, which may exceed the largest number.
            count += len(values)
            share = len(values) / count
            mean = mean * (1 - share) + float((values / len(values)).sum()) * share
    if not count:
        return {"column": name, "edges": [], "counts": [], "mean": None}
    if low == high:
        return {"column": name, "edges": [low, high], "counts": [count], "mean": low}
    # Not `np.histogram`, which refuses ranges of neighbouring and of huge numbers.
    shares = np.arange(BINS + 1) / BINS
    bounds = low * (1 - shares) + high * shares
    counts = np.zeros(BINS, np.int64)
    for piece, rows in table.by_piece(selection):
        bins = np.searchsorted(bounds, _present(piece, name, rows), "right") - 1
        counts += np.bincount(np.clip(bins, 0, BINS - 1), minlength=BINS)
    edges: list[JsonValue] = [float(edge) for edge in bounds]
    return {"column": name, "edges": edges, "counts": [int(n) for n in counts], "mean": mean}


def _present(piece: Piece, name: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the values of a column in some rows of a piece that have one."""
    values = where.numbers_of(piece, name)[rows]
    return values[~np.isnan(values)]


def _steps(selection: Selection, score: str | None) -> list[JsonValue]:
    # By piece: arrays of a million samples would take a hundred megabytes.
    by_step: dict[int, tuple[int, int, float]] = {}
    for piece, rows in table.by_piece(selection):
        rows = rows[piece.steps[rows] != NO_STEP]
        steps, inverse, counts = np.unique(piece.steps[rows], return_inverse=True, return_counts=True)
        scores = np.full(len(rows), np.nan) if score is None else where.numbers_of(piece, score)[rows]
        valid = ~np.isnan(scores)
        amounts = np.bincount(inverse[valid], minlength=len(steps))
        sums = np.bincount(inverse[valid], scores[valid], len(steps))
        for step, *more in zip(steps.tolist(), counts.tolist(), amounts.tolist(), sums.tolist(), strict=True):
            before = by_step.get(step, (0, 0, 0.0))
            by_step[step] = (before[0] + more[0], before[1] + more[1], before[2] + more[2])
    rows_of_steps: list[JsonValue] = [
        [step, count, total / amount if amount else None]
        for step, (count, amount, total) in sorted(by_step.items())
    ]
    return rows_of_steps[:MOST_STEPS]
