"""The same samples of several runs: rewards side by side, and the samples whose reward changed."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.api.responses.samples import (
    ComparedSample,
    PairedVerdict,
    RunOfSamples,
    SampleComparison,
    TaskScore,
    TaskScores,
)
from runicorn_tools.analysis import student
from runs.errors import ExperimentNotFound
from runs.models import Run
from runs.services.lookup import get_experiment
from runs.store.lazy_numpy import np
from samples.errors import NoSuchSamples
from samples.query import table
from samples.query.rows import cut_row
from samples.query.table import Filter
from samples.services import indexing
from samples.store.piece import Piece

SCORES = ("reward", "correct", "score")
TASKS = ("task", "env", "dataset", "meta.task", "meta.env")
MOST_TASKS = 200
LEVEL = 0.95
"""Confidence of intervals and verdicts."""
TEXT = 20_000
"""Characters of a text in a comparison."""


class _Side(NamedTuple):
    run: Run
    source: Path
    pieces: list[Piece]
    step: int | None
    places: dict[str, table.RowPlace]
    scores: dict[str, float]


def compare(
    runs: list[tuple[str, int | None]], name: str, sample: str | None, step: int | None, limit: int
) -> SampleComparison:
    """Compare the samples of runs by their `id`; of several with one id, the newest counts.

    Args:
        runs: ids with a step, or None for all steps.
        name: of the sample set.
        sample: only this `id`, with its texts; else all ids.
        step: for runs without a step of their own.
        limit: maximum number of samples.
    """
    with ExitStack() as stack:
        sides, missing = [], []
        for run_id, own_step in runs:
            try:
                run = get_experiment(run_id, field="runs")
                index, pieces, _ = stack.enter_context(indexing.open_pieces(run, name))
            except (ExperimentNotFound, NoSuchSamples):
                missing.append(run_id)
                continue
            sides.append(_side(run, index.source, pieces, step if own_step is None else own_step, sample))
        ids = _common(sides, at_least=1 if sample is not None else 2)
        changes = {key: _change(sides, key) for key in ids}
        paired = [change for change in changes.values() if change is not None]
        ordered = sorted(ids, key=lambda key: _order(changes[key]))
        answer: SampleComparison = {
            "name": name,
            "runs": [_about(side) for side in sides],
            "missing": missing,
            "samples": [_compare(sides, key, whole=sample is not None) for key in ordered[:limit]],
            "total": len(ids),
            "worse": sum(change < 0 for change in paired),
            "better": sum(change > 0 for change in paired),
        }
        if len(sides) > 1 and sample is None:
            answer["verdict"] = _verdict(paired)
            answer["tasks"] = _tasks(sides)
        return answer


def score_column(pieces: list[Piece]) -> str:
    """Return the column by which samples are judged: `reward`, else `correct`, else `score`."""
    return next((name for name in SCORES if any(name in piece.kinds for piece in pieces)), SCORES[0])


def _side(run: Run, source: Path, pieces: list[Piece], step: int | None, sample: str | None) -> _Side:
    selection = table.select(pieces, Filter(step=step, sample=sample))
    values = table.numbers(selection, score_column(pieces))
    keys = _ids(selection)
    places: dict[str, table.RowPlace] = {}
    scores: dict[str, float] = {}
    for position, key in enumerate(keys):
        if key is not None:
            places[key] = selection.place(int(selection.numbers[position]))
            scores[key] = float(values[position])
    return _Side(run, source, pieces, step, places, scores)


def _ids(selection: table.Selection) -> list[str | None]:
    texts: list[str | None] = []
    for piece in selection.pieces:
        codes, labels = piece.texts("id")
        texts += [labels[code] if code >= 0 else None for code in codes]
    return [texts[int(number)] for number in selection.numbers]


def _common(sides: list[_Side], at_least: int) -> list[str]:
    counts: dict[str, int] = {}
    for side in sides:
        for key in side.places:
            counts[key] = counts.get(key, 0) + 1
    return [key for key, count in counts.items() if count >= min(at_least, len(sides))]


def _change(sides: list[_Side], key: str) -> float | None:
    """Return the difference of the rewards of the last and the first run; None unless both have one."""
    first, last = (side.scores.get(key, math.nan) for side in (sides[0], sides[-1]))
    change = last - first
    return None if math.isnan(change) else change


def _order(change: float | None) -> tuple[bool, float]:
    """Return the sort key: the largest losses first, then the largest gains."""
    return (change is None or change >= 0, -abs(change or 0.0))


def _verdict(changes: list[float]) -> PairedVerdict:
    """Judge the mean difference of paired rewards: more is better, an interval of Student's t over the samples."""
    n = len(changes)
    mean = sum(changes) / n if n else 0.0
    if n < 2:
        return {"verdict": "unknown", "difference": mean, "interval": None, "n": n, "level": LEVEL}
    spread = math.sqrt(sum((change - mean) ** 2 for change in changes) / (n - 1))
    error = spread / math.sqrt(n)
    half = student.quantile((1 + LEVEL) / 2, n - 1) * error
    word = "within_noise" if abs(mean) <= half else "better" if mean > 0 else "worse"
    return {
        "verdict": word,
        "difference": mean,
        "interval": [mean - half, mean + half],
        "n": n,
        "level": LEVEL,
    }


def _tasks(sides: list[_Side]) -> list[TaskScores]:
    """Return the mean reward of each task in each run with its interval; none if the samples name no task."""
    name = next(
        (key for key in TASKS if any(key in piece.kinds for side in sides for piece in side.pieces)), None
    )
    if name is None:
        return []
    by_side = [_scores_by_task(side, name) for side in sides]
    tasks = sorted({task for scores in by_side for task in scores})[:MOST_TASKS]
    return [{"task": task, "scores": [_mean(scores.get(task, [])) for scores in by_side]} for task in tasks]


def _scores_by_task(side: _Side, name: str) -> dict[str, list[float]]:
    columns = [piece.texts(name) for piece in side.pieces]
    scores: dict[str, list[float]] = {}
    for key, place in side.places.items():
        codes, texts = columns[place.piece]
        score = side.scores[key]
        if codes[place.row] >= 0 and score == score:
            scores.setdefault(texts[codes[place.row]], []).append(score)
    return scores


def _mean(values: list[float]) -> TaskScore | None:
    if not values:
        return None
    mean = sum(values) / len(values)
    if len(values) < 2:
        return {"mean": mean, "half": None, "n": 1}
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
    return {
        "mean": mean,
        "half": student.quantile((1 + LEVEL) / 2, len(values) - 1) * error,
        "n": len(values),
    }


def _about(side: _Side) -> RunOfSamples:
    values = np.array([score for score in side.scores.values() if score == score])
    return {
        "run_id": side.run.run_id,
        "name": side.run.label,
        "steps": table.steps_of(side.pieces),
        "step": side.step,
        "rows": len(side.places),
        "mean": float(values.mean()) if len(values) else None,
    }


def _compare(sides: list[_Side], key: str, *, whole: bool) -> ComparedSample:
    rows: list[dict[str, Any] | None] = []
    for side in sides:
        place = side.places.get(key)
        if place is None or not whole:
            rows.append(
                None if place is None else {"_row": table.row_number(side.pieces[place.piece], place.row)}
            )
            continue
        with table.Lines(side.source, side.pieces) as lines:
            row = table.read_row(lines, side.pieces, place)
        rows.append(None if row is None else cut_row(row, TEXT))
    scores = [side.scores.get(key) for side in sides]
    return {
        "sample": key,
        "rows": rows,
        "rewards": [score if score is not None and score == score else None for score in scores],
    }
