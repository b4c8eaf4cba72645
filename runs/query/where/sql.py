"""Translate expressions of `where` into filters over runs and the indexed rows of their tags, metrics and config.

A comparison is false for a run that lacks the value; `not` makes that true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from runicorn_site.web.readable import current
from runs.models import StorageRoot
from runs.query import counts, index_intersection, selectivity
from runs.query.matches import Matches
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.matching_rows import WITH_ROWS, on_column, rows

INDEXED = frozenset({"project", "name", "status", "state"})


def satisfying(
    matches: Matches, conditions: Sequence[Node], *, live: bool, columns: Sequence[Node] | None
) -> Matches:
    """Keep the runs for which all expressions are true.

    Args:
        live: whether runs in the recycle bin were excluded.
        columns: the filters applied so far as expressions; None if others were applied.
    """
    planned = [part for part in conditions if index_intersection.can(part, live=live)]
    if not any(leaf.field.kind in WITH_ROWS for part in planned for leaf in comparisons(part)):
        return _filter(matches, conditions)
    conjunction = All((*(columns or ()), *planned) if live else tuple(planned))
    keys, count = _intersect(matches.root, conjunction, live=live)
    rest = [part for part in conditions if part not in planned]
    if keys is None:
        filtered = _filter(matches, conditions)
    else:
        filtered = _filter(selectivity.among(matches, keys), rest)
    is_complete = not rest and columns is not None and (live or not columns) and current().is_everything
    return replace(filtered, known_count=count if is_complete else None)


def _filter(matches: Matches, conditions: Sequence[Node]) -> Matches:
    for part in conditions:
        has_index = isinstance(part, Comparison) and part.field.name in INDEXED
        matches = replace(
            matches.filter(condition(part, matches.root)),
            is_indexed=matches.is_indexed or has_index,
            conditions=(*matches.conditions, part),
        )
    return matches


def _intersect(root: StorageRoot, node: All, *, live: bool) -> tuple[list[int] | None, int]:
    """Return the keys of the runs if they are few, and their number up to one more than is counted exactly."""

    def compute() -> tuple[list[int] | None, int]:
        intersection = index_intersection.Intersection(root, node, live=live)
        keys, is_complete = intersection.common(counts.EXACT)
        few = is_complete and selectivity.are_few(len(keys), intersection.size)
        return keys.tolist() if few else None, min(len(keys), counts.EXACT + 1)

    return counts.remembered(root, f"where {live} {node}", compute)


def condition(node: Node, root: StorageRoot | None = None, *, is_alternative: bool = False) -> Q:
    """Return an expression as a condition on runs, of one root if it is given.

    Args:
        is_alternative: whether a run may satisfy another condition instead.
    """
    if isinstance(node, Not):
        return ~condition(node.node, root, is_alternative=is_alternative)
    if isinstance(node, All | Either):
        joined = Q()
        for part in node.nodes:
            is_one_of = is_alternative or isinstance(node, Either)
            single = condition(part, root, is_alternative=is_one_of)
            joined = joined & single if isinstance(node, All) else joined | single
        return joined
    if node.field.kind in WITH_ROWS:
        of_run = rows(node, by_run=True).filter(**_same_run(is_alternative))
        return Q(Exists(of_run if root is None else of_run.filter(root=root)))
    return on_column(node)


def _same_run(is_alternative: bool) -> dict[str, OuterRef]:
    """Return the condition that finds a row by its run.

    PostgreSQL would read all rows for which one of several alternatives is true into a hash table, even for a page of
    50 runs: 2 seconds for a million. It cannot do so with a range.
    """
    if is_alternative and connection.vendor == "postgresql":
        return {"run__gte": OuterRef("pk"), "run__lte": OuterRef("pk")}
    return {"run": OuterRef("pk")}
