"""Search for runs that match filters; used by all lists of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from runs.models import Run, StorageRoot
from runs.query import derived_metrics, replica_keys, selectivity
from runs.query.matches import Matches
from runs.query.where import sql
from runs.query.where.ast import Node, columns, metrics_in, parts, with_tag


def find_runs(
    root: StorageRoot,
    *,
    include_deleted: bool = False,
    project: str | None = None,
    name: str | None = None,
    statuses: Sequence[str] = (),
    states: Sequence[str] = (),
    tags: Iterable[str] = (),
    search: str = "",
    created_after: float | None = None,
    created_before: float | None = None,
    best_min: float | None = None,
    best_max: float | None = None,
    archived: bool | None = None,
    where: Node | None = None,
) -> Matches:
    """Return the runs of a storage root that match all filters.

    Args:
        include_deleted: also return runs in the recycle bin.
        project, name: exact names.
        statuses, states: any of them.
        tags: all of them.
        search: all words, in project, name, id, tags or description, ignoring case.
        created_after, created_before: Unix seconds, inclusive.
        best_min, best_max: bounds of the primary metric's best value, inclusive.
        archived: only archived runs, or only the others.
        where: a parsed condition, see `runs.query.where.parser`.
    """
    optional = {
        "project": project,
        "name": name,
        "created__gte": created_after,
        "created__lte": created_before,
        "best_metric_value__gte": best_min,
        "best_metric_value__lte": best_max,
        "archived": archived,
    }
    lookups = {lookup: value for lookup, value in optional.items() if value is not None}
    runs = Run.objects.in_root(root)
    matches = Matches(root, runs if include_deleted else runs.live()).filter(**lookups)
    matches = replace(matches, is_indexed=bool(lookups or statuses or states))
    for name_of_word, words in (("status", statuses), ("state", states)):
        if words:
            several = len(words) > 1
            matches = matches.filter(
                **{f"{name_of_word}__in": words} if several else {name_of_word: words[0]}
            )
    matches = selectivity.search_text(matches, search)
    derived_metrics.prepare(root, metrics_in(where))
    replica_keys.prepare(root, where)
    conditions = [*map(with_tag, tags), *parts(where)]
    if conditions:
        column_nodes = (
            None if search or archived is not None else columns(lookups, status=statuses, state=states)
        )
        matches = sql.satisfying(matches, conditions, live=not include_deleted, columns=column_nodes)
    # An index leads from a project and a name to the newest runs, but none from a name alone.
    return selectivity.narrow(matches) if name is not None and project is None else matches
