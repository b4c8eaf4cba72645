"""Choose a query plan for selective and unselective filters.

A search or a tag can be answered from its own index, or by walking the list and testing each run. The first is right
for a rare match (43 ms became 0.7), the second for a common one (49 ms became 3.6), and databases guess wrong.
A rare match is recognised by fetching at most `RARE` + 1 keys from its index.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import connection
from django.db.models import Q

from runs.models import Run, StorageRoot
from runs.query.key_sets import Keys
from runs.query.matches import Matches

RARE = 1000
CANDIDATES = 5
"""Runs with the trigrams of a search that are compared, for each that may be found; with more, reading all is faster."""
PAGE = 64
MAX_SORTED = 10_000
"""How many runs of a known set of keys are sorted at most."""
TRIGRAM = 3
WORDS = 20
SAMPLE, PARTS = 500, 32
"""Newest runs, and parts of a word, that are compared to find a rare one."""


def are_few(count: int, runs: int) -> bool:
    """Return whether sorting `count` of `runs` runs is faster than walking an index in the order of the page.

    Sorting costs about 1 µs for each match. Filling a page of 50 from an index costs as much for each run that is
    passed, and 50 / count of all runs are passed.
    """
    return count * count <= PAGE * runs or count <= RARE


def search_text(matches: Matches, search: str) -> Matches:
    """Keep the runs that contain all words of a search; words of one or two characters are not in the index."""
    words = search.replace("\0", "").casefold().split()[:WORDS]
    if not words:
        return matches
    long = [word for word in words if len(word) >= TRIGRAM]
    if long:
        keys = _indexed(long) if connection.vendor == "sqlite" else _indexed_by_parts(matches.root, long)
        if keys is not None:
            return _containing(among(matches, keys), words)
    # Every run has to be read for this: asking whether few match would be as expensive as the list.
    return replace(_containing(matches, words), is_indexed=False)


def among(matches: Matches, keys: list[int]) -> Matches:
    return replace(matches.filter(pk__among=Keys(keys)), is_indexed=True, is_key_set=True)


def narrow(matches: Matches) -> Matches:
    """Replace the filters by the keys of the runs if few match, so that these are sorted instead of looked up."""
    if not matches.is_indexed:
        return matches
    limit = MAX_SORTED if matches.is_key_set else RARE
    keys = list(matches.runs.order_by().values_list("pk", flat=True)[: limit + 1])
    if len(keys) > limit:
        return matches
    return Matches(matches.root, Run.objects.filter(pk__among=Keys(keys)), are_few=True)


def _containing(matches: Matches, words: list[str]) -> Matches:
    condition = Q()
    for word in words:
        condition &= Q(search__contains=word)
    return matches.filter(condition)


def _indexed(words: list[str]) -> list[int] | None:
    """Return the keys of runs, of any root, that have all trigrams of the words; None if they are many.

    The index has no positions: these runs may have the trigrams elsewhere, and are compared.
    """
    trigrams = {word[start : start + TRIGRAM] for word in words for start in range(len(word) - TRIGRAM + 1)}
    match = " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in sorted(trigrams))
    limit = CANDIDATES * RARE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM runs_search WHERE runs_search MATCH %s ORDER BY rowid LIMIT %s",
            [match, limit + 1],
        )
        keys = [row[0] for row in cursor.fetchall()]
    return keys if len(keys) <= limit else None


def _indexed_by_parts(root: StorageRoot, words: list[str]) -> list[int] | None:
    """Return those that contain the words from PostgreSQL; None if they are many, or no part of the words is rare.

    PostgreSQL looks up each trigram of a word, and one that every run has takes 2 ms at a million runs. So each word
    is represented by its rarest part.
    """
    newest = Run.objects.in_root(root).live().newest().values_list("search", flat=True)[:SAMPLE]
    text = "\n".join(newest)
    parts = [min(_parts(word), key=text.count) for word in words]
    rare = [part for part in parts if text.count(part) <= SAMPLE // 100]
    if not rare:
        return None
    indexed, tested = ["search LIKE %s"] * len(rare), ["search || '' LIKE %s"] * len(words)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM runs_run WHERE {' AND '.join(indexed + tested)} LIMIT {RARE + 1}",
            [f"%{connection.ops.prep_for_like_query(part)}%" for part in (*rare, *words)],
        )
        keys = [row[0] for row in cursor.fetchall()]
    return keys if len(keys) <= RARE else None


def _parts(word: str) -> list[str]:
    return [word[start : start + TRIGRAM + 1] for start in range(max(1, min(len(word) - TRIGRAM, PARTS)))]
