"""What an expression of `where` means: a filter over runs and the indexed rows of their tags, metrics and config.

A comparison is false for a run that lacks the value; `not` makes that true.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q

from runs.models import StorageRoot
from runs.query import counts, index_intersection, selectivity
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.matching_rows import WITH_ROWS, on_column, rows
from runs.querysets import RunQuerySet

INDEXED = frozenset({"project", "name", "status"})


def satisfying(
    runs: RunQuerySet, wanted: Sequence[Node], *, among: RunQuerySet, columns: Sequence[Node] | None
) -> RunQuerySet:
    """Those of the runs of one root for which all of the expressions are true.

    Args:
        runs: the runs.
        wanted: the expressions.
        among: what the runs were filtered out of.
        columns: the conditions by which that was done; None when there are others that no expression can say.
    """
    live = index_intersection.lives(among)
    crossed = [part for part in wanted if index_intersection.can(part, live=bool(live))]
    if not any(leaf.field.kind in WITH_ROWS for part in crossed for leaf in comparisons(part)):
        crossed = []
    if crossed and runs.root is not None:
        known = All((*(columns or ()), *crossed) if live else tuple(crossed))
        keys, count = _known(runs.root, known, live=bool(live))
        left = [part for part in wanted if part not in crossed]
        is_all = not left and columns is not None and live is not None and (live or not columns)
        few = keys is not None
        found = _filtered(selectivity.among(runs, keys) if few else runs, left if few else wanted)
        found.known_count = count if is_all else None
        return found
    return _filtered(runs, wanted)


def _filtered(runs: RunQuerySet, wanted: Sequence[Node]) -> RunQuerySet:
    for part in wanted:
        runs = runs.filter(condition(part, runs.root))
        runs.is_filtered |= isinstance(part, Comparison) and part.field.name in INDEXED
        runs.wanted = (*runs.wanted, part)
    return runs


def _known(root: StorageRoot, node: All, *, live: bool) -> tuple[list[int] | None, int]:
    """The keys of the runs when they are few, and how many there are, up to one more than is counted exactly."""

    def cross() -> tuple[list[int] | None, int]:
        found = index_intersection.Crossing(root, node, live=live)
        keys, is_complete = found.common(counts.EXACT)
        few = is_complete and selectivity.are_few(len(keys), found.size)
        return keys.tolist() if few else None, min(len(keys), counts.EXACT + 1)

    return counts.remembered(root, f"where {live} {node}", cross)


def condition(node: Node, root: StorageRoot | None = None) -> Q:
    """The expression as a condition on a run, of that root if it is given."""
    if isinstance(node, Not):
        return ~condition(node.node, root)
    if isinstance(node, All | Either):
        joined = Q()
        for part in node.nodes:
            single = condition(part, root)
            joined = joined & single if isinstance(node, All) else joined | single
        return joined
    if node.field.kind in WITH_ROWS:
        of_run = rows(node, by_run=True).filter(run=OuterRef("pk"))
        return Q(Exists(of_run if root is None else of_run.filter(root=root)))
    return on_column(node)
