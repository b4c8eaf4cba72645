"""Values that are computed after a sample was written: records of the set `<name>.annotations` with the `id` of the sample.

Nothing of a sample is written again: the records are joined when it is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from runicorn.json_value import JsonObject
from runicorn.store.samples.names import ANNOTATIONS
from samples.query import table
from samples.store.piece import Piece

OWN = frozenset({"id", "branch", "branches", "record"})
"""Keys of an annotation that are no values of the sample."""


def annotations_of(row: JsonObject, source: Path, pieces: Sequence[Piece]) -> list[JsonObject]:
    """Return the annotations of a sample in the order in which they were written.

    Those of another step belong to another sample with this `id`; those without step belong to all of them.

    Args:
        row: the sample.
        source, pieces: of the set of annotations.
    """
    sample = row.get("id")
    if not isinstance(sample, str):
        return []
    selection = table.select(pieces, table.Filter(sample=sample))
    page = table.page(source, selection, 1, max(1, len(selection)))
    return [record for record in page.rows if record["_step"] in (None, row["_step"])]


def annotate(row: JsonObject, records: Iterable[JsonObject]) -> JsonObject:
    """Return a sample with the values of its annotations; of several values the newest."""
    result = dict(row)
    for record in records:
        result |= dict(_values(row, record))
        written, own = record.get("record"), result.get("record")
        if isinstance(written, dict) and isinstance(own, dict) and isinstance(written.get("info"), dict):
            result["record"] = {**own, "info": _merged(own.get("info"), written["info"])}
    return result


def annotated_set(name: str) -> str:
    """Return the name of the set with the annotations of a set."""
    return name + ANNOTATIONS


def _values(row: JsonObject, record: JsonObject) -> Iterator[tuple[str, Any]]:
    is_of_branch = record.get("branch") is not None
    values = record
    if is_of_branch and record["branch"] != (number := _shown_branch(row)):
        others: Any = record.get("branches")
        branches = filter(lambda item: isinstance(item, dict), others if isinstance(others, list) else ())
        values = next((branch for branch in branches if branch.get("branch") == number), {})
    ids = row.get("token_ids")
    count = len(ids) if isinstance(ids, list) else 0
    for key, value in values.items():
        if key in OWN or key.startswith("_"):
            continue
        # Values of other tokens than those that were recorded belong to none of them.
        if not (is_of_branch and isinstance(value, list) and len(value) != count):
            yield key, value


def _shown_branch(row: JsonObject) -> int:
    """Return the number of the branch that the sample shows: the last one of its graph of messages."""
    record = row.get("record")
    nodes = record.get("nodes") if isinstance(record, dict) else None
    if not isinstance(nodes, list):
        return 0
    parents = {node.get("parent") for node in nodes if isinstance(node, dict)}
    return max(0, sum(number not in parents for number in range(len(nodes))) - 1)


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
