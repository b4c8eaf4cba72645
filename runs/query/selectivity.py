"""Filters that are cheap both when they leave much and when they leave little.

A search or a tag can be answered from its own index, or by walking the list and testing each run. The first is right
for what is rare (43 ms became 0.7), the second for what is common (49 ms became 3.6), and databases guess wrong.
So a rare one is recognised by asking its index for a few runs more than `RARE`.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from runs.query.key_sets import Keys
from runs.querysets import RunQuerySet

RARE = 1000
PAGE = 64
MOST_AMONG = 10_000
TRIGRAM = 3
WORDS = 20


def are_few(count: int, runs: int) -> bool:
    """Whether so many of the runs are better sorted than looked for in an order.

    To sort costs about 1 µs for each that is found. To fill a page of 50 by walking an order costs as much for each run
    that is passed, 50 / count of all.
    """
    return count * count <= PAGE * runs or count <= RARE


def matching(runs: RunQuerySet, search: str) -> RunQuerySet:
    """Those of the runs that have all words of a search; words of one or two characters are not in the index."""
    words = search.replace("\0", "").casefold().split()[:WORDS]
    if not words:
        return runs
    long = [word for word in words if len(word) >= TRIGRAM]
    if long and connection.vendor == "sqlite":
        keys = _indexed(long)
        if len(keys) <= RARE:
            return _containing(among(runs, keys), [word for word in words if word not in long])
    found = _containing(runs, words)
    found.is_filtered = False  # each run has to be looked at: that is dear to ask for
    return found


def among(runs: RunQuerySet, keys: list[int]) -> RunQuerySet:
    """Those of the runs that have these keys."""
    found = runs.filter(pk__among=Keys(keys))
    found.is_filtered = found.are_among = True
    return found


def narrowed(runs: RunQuerySet) -> RunQuerySet:
    """The same runs by their keys, when filters leave few of them: to be sorted rather than looked for in an order."""
    if not runs.is_filtered:
        return runs
    most = MOST_AMONG if runs.are_among else RARE
    keys = list(runs.order_by().values_list("pk", flat=True)[: most + 1])
    if len(keys) > most:
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
