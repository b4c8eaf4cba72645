"""Build the responses of version 2: filters, pages and items of experiments."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, cast

import orjson
from rest_framework.settings import api_settings

from runicorn.api.responses.experiments import (
    BatchDeletion,
    Experiment,
    ExperimentPage,
    ListedExperiment,
    MetricValues,
    WhereCompletion,
    WhereSuggestion,
)
from runicorn.api.responses.runs import RunResult
from runs.api import responses
from runs.models import Run, RunMetric, StorageRoot
from runs.query import counts, where_keys
from runs.query.compiled_lists import RememberedResults, run_list
from runs.query.find import find_runs
from runs.query.matches import Matches
from runs.query.where.completion import cursor_context
from runs.query.where.parser import BadWhere

EXPERIMENT = responses.Columns(Experiment)
STATISTICS = {
    "last": "last",
    "last_special": "last_special",
    "last_text": "last_text",
    "best": "best",
    "min": "minimum",
    "max": "maximum",
    "count": "count",
}
"""Fields of `RunMetric` by the key of the response."""


def experiment_of(run: Run) -> Experiment:
    """Build an `Experiment` from a run."""
    return EXPERIMENT.of(run)


def matching(root: StorageRoot, query: dict[str, Any]) -> Matches:
    """Return the runs that match the filters of a valid `ExperimentListQuery` or `RunListQuery`."""
    return find_runs(
        root,
        include_deleted=query.get("include_deleted", False),
        project=query.get("project") or None,
        name=query.get("name") or None,
        statuses=query.get("status", ()),
        states=query.get("state", ()),
        tags=query.get("tags", ()),
        search=query.get("search", ""),
        created_after=query.get("created_after"),
        created_before=query.get("created_before"),
        best_min=query.get("best_metric_min"),
        best_max=query.get("best_metric_max"),
        where=query.get("where"),
    )


@lru_cache(maxsize=4)
def _encoded(root: str) -> RememberedResults:
    """Return the experiments below a storage root as parts of a response that are JSON already."""
    renderers: Any = api_settings.DEFAULT_RENDERER_CLASSES
    json = renderers[0]()

    def encode(row: Sequence[Any]) -> orjson.Fragment:
        # A copy: the buffer of a kilobyte from orjson takes 16 kB.
        return orjson.Fragment(bytes(memoryview(json.render(EXPERIMENT.build(root, row)))))

    return RememberedResults(encode)


def page(root: StorageRoot, query: dict[str, Any], *, encoded: bool = False) -> ExperimentPage:
    """Return the page of experiments that a valid `ExperimentListQuery` names.

    `total` is exact up to 10,000; beyond, `total_capped` is true. `has_next` is always exact.

    Args:
        root: their root.
        query: filters, order and place.
        encoded: return experiments as JSON that the renderer copies, unless they have details.

    Raises:
        UnknownOrder: `order_by` or `sort` is malformed.
    """
    start = time.perf_counter()
    size = query["per_page"]
    first = (query["page"] - 1) * size
    encoded = encoded and not query.get("details")
    results = _encoded(root.path) if encoded else None
    runs = run_list(root, query, EXPERIMENT.fields, partial(matching, root, query), results)
    rows = list(runs.rows[first : first + size + 1])
    total, is_capped = first + len(rows), False
    if len(rows) > size or not rows or total > counts.EXACT:  # else this is the last page
        total, is_capped = runs.capped()
    build = partial(EXPERIMENT.build, root.path)
    items = cast(list[ListedExperiment], rows[:size] if encoded else list(map(build, rows[:size])))
    if query.get("details"):
        _add_details(root, items)
    answer: ExperimentPage = {
        "experiments": items,
        "total": total,
        "page": query["page"],
        "per_page": size,
        "has_next": len(rows) > size,
        "has_prev": query["page"] > 1,
        "query_time_ms": 0.0,
    }
    if is_capped:
        answer["total_capped"] = True
    answer["query_time_ms"] = round((time.perf_counter() - start) * 1000, 2)
    return answer


def _add_details(root: StorageRoot, items: Sequence[ListedExperiment]) -> None:
    """Add configs, summaries and statistics of metrics, by two queries."""
    by_id = {item["id"]: item for item in items}
    runs = Run.objects.filter(root=root, run_id__in=by_id)
    by_key: dict[int, ListedExperiment] = {}
    fields = ("pk", "run_id", "config", "summary", "group", "description", "pinned", "archived")
    for key, run_id, config, summary, group, description, pinned, archived in runs.values_list(*fields):
        item = by_key[key] = by_id[run_id]
        item["config"], item["summary"], item["metric_values"] = config, summary, {}
        item["group"], item["description"] = group, description
        item["pinned"], item["archived"] = pinned, archived
    rows = RunMetric.objects.filter(run__in=by_key).order_by("run", "key")
    for key, name, *values in rows.values_list("run_id", "key", *STATISTICS.values()):
        metric = cast(MetricValues, dict(zip(STATISTICS, values, strict=True)))
        by_key[key]["metric_values"][name] = metric


def deletion(results: dict[str, RunResult]) -> BatchDeletion:
    """Build the response to a batch of deletions."""
    success_by_run = {run_id: bool(result["success"]) for run_id, result in results.items()}
    deleted = sum(success_by_run.values())
    message = f"Soft deleted {deleted} of {len(success_by_run)} runs"
    return {
        "deleted": deleted,
        "failed": len(success_by_run) - deleted,
        "results": success_by_run,
        "message": message,
    }


def count_files(run: Run) -> int:
    """Return the number of files below the run's folder; a link counts as one and is not followed."""
    return sum(len(files) for _, _, files in os.walk(run.path))


def _suggestion(suggestion: where_keys.Suggestion) -> WhereSuggestion:
    word = WhereSuggestion(text=suggestion.text, kind=suggestion.kind)
    return word if suggestion.runs is None else word | {"runs": suggestion.runs}


def completion(
    root: StorageRoot,
    where: str = "",
    cursor: int | None = None,
    project: str | None = None,
    sentence: Callable[[BadWhere], str] = str,
) -> WhereCompletion:
    """Build the response to an expression that is being written; `sentence` returns the message of an error."""
    cursor = len(where) if cursor is None else cursor
    place = cursor_context(where, cursor)
    words = [_suggestion(suggestion) for suggestion in where_keys.suggestions(root, place, project or "")]
    answer = WhereCompletion(valid=True, start=place.start, suggestions=words)
    try:
        node = where_keys.parse(root, where, project) if where.strip() else None
    except BadWhere as error:
        before = error.position <= place.start
        if before and (fixed := where_keys.corrections(root, where[:cursor], error, project)):
            answer |= {"start": 0, "suggestions": [_suggestion(suggestion) for suggestion in fixed]}
        return {**answer, "valid": False, "error": sentence(error), "position": error.position}
    answer["total"], is_capped = counts.capped(find_runs(root, where=node, project=project))
    if is_capped:
        answer["total_capped"] = True
    return answer
