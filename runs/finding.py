"""Filters that are cheap both when they leave much and when they leave little.

A search or a tag can be answered from its own index, or by walking the list and testing each run. The first is right
for what is rare (43 ms became 0.7), the second for what is common (49 ms became 3.6), and databases guess wrong.
So a rare one is recognised by asking its index for a few runs more than `RARE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from runs import counting, crossing
from runs.keys import Keys
from runs.models import RunTag, StorageRoot
from runs.querysets import RunQuerySet

RARE = 1000
MOST_ASKED = 5
"""Indexes that are asked whether they leave few runs: each may take a millisecond to say so."""
TRIGRAM = 3
WORDS = 20


def tagged(runs: RunQuerySet, tag: str) -> RunQuerySet:
    """Those of the runs of one root that have the tag."""
    return having(runs, [RunTag.objects.filter(tag=tag)])


def having(runs: RunQuerySet, wanted: Iterable[QuerySet[Any]]) -> RunQuerySet:
    """Those of the runs of one root that have one of each of these rows of tags, metrics or config values."""
    few: set[int] | None = None
    wanted = list(wanted)
    found = runs
    for asked, rows in enumerate(wanted):
        keys = _few(runs, rows) if asked < MOST_ASKED else None
        if keys is None:
            found = found.filter(Exists(rows.filter(run=OuterRef("pk"))))
        else:
            few = keys if few is None else few & keys
    if few is not None:
        return _among(found, sorted(few))
    return _counted(runs, found, wanted) if wanted and connection.vendor == "sqlite" else found


def _counted(runs: RunQuerySet, found: RunQuerySet, wanted: list[QuerySet[Any]]) -> RunQuerySet:
    """`found`, which are those of `runs` that have these rows, by their keys if they are few, or with their number."""
    if (live := crossing.lives(runs)) is None or runs.root is None:
        return found
    root, key = runs.root, f"having {live} {[str(rows.query) for rows in wanted]}"
    keys, count = counting.remembered(root, key, lambda: _crossed(root, wanted, live))
    if keys is not None:
        return _among(runs, keys)
    found.known_count = count
    return found


def _crossed(root: StorageRoot, wanted: list[QuerySet[Any]], live: bool) -> tuple[list[int] | None, int]:
    """The keys of the runs when they are few, and how many there are, up to one more than is counted exactly."""
    keys, is_complete = crossing.common(root, wanted, live=live, enough=counting.EXACT)
    return (keys.tolist() if is_complete and len(keys) <= RARE else None), min(len(keys), counting.EXACT + 1)


def _few(runs: RunQuerySet, rows: QuerySet[Any]) -> set[int] | None:
    """The keys of the runs that have such a row, when they are few."""
    keys = rows.filter(root=runs.root).values_list("run", flat=True)[: RARE + 1]
    return found if len(found := set(keys)) <= RARE else None


def matching(runs: RunQuerySet, search: str) -> RunQuerySet:
    """Those of the runs that have all words of a search; words of one or two characters are not in the index."""
    words = search.replace("\0", "").casefold().split()[:WORDS]
    if not words:
        return runs
    long = [word for word in words if len(word) >= TRIGRAM]
    if long and connection.vendor == "sqlite":
        keys = _indexed(long)
        if len(keys) <= RARE:
            return _containing(_among(runs, keys), [word for word in words if word not in long])
    found = _containing(runs, words)
    found.is_filtered = False  # each run has to be looked at: that is dear to ask for
    return found


def _among(runs: RunQuerySet, keys: list[int]) -> RunQuerySet:
    found = runs.filter(pk__among=Keys(keys))
    found.is_filtered = True
    return found


def narrowed(runs: RunQuerySet) -> RunQuerySet:
    """The same runs by their keys, when filters leave few of them: to be sorted rather than looked for in an order."""
    if not runs.is_filtered:
        return runs
    keys = list(runs.order_by().values_list("pk", flat=True)[: RARE + 1])
    if len(keys) > RARE:
        return runs
    few = RunQuerySet(runs.model, using=runs.db).filter(pk__among=Keys(keys))
    few.root, few.are_few = runs.root, True
    return few


def _containing(runs: RunQuerySet, words: list[str]) -> RunQuerySet:
    condition = Q()
    for word in words:
        condition &= Q(search__contains=word)
    return runs.filter(condition)


def _indexed(words: list[str]) -> list[int]:
    """Keys of the first runs, of any root, whose text has the words; at most one more than `RARE`."""
    phrases = " ".join('"' + word.replace('"', '""') + '"' for word in words)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM runs_search WHERE search MATCH %s ORDER BY rowid LIMIT %s", [phrases, RARE + 1]
        )
        return [row[0] for row in cursor.fetchall()]
