"""Columns and order of the version table: common fields, and metadata keys of the artifact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from artifacts.models import Version
from runs.store import params
from runs.store.sanitize import number

NEWEST = "-version"
FIELDS = {"version": "number", "files": "num_files", "size": "size_bytes", "created": "created"}
"""Fields by the value of `sort`; a key of the metadata has the prefix `metadata.`."""
METADATA = "metadata."
MOST = 6
"""Columns of metadata."""
MOST_READ = 1_000
"""Newest versions whose metadata choose the columns."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column that the table can be sorted by.

    Attributes:
        order: `ascending`, `descending` or "".
        address: URL of the table in the next order.
    """

    key: str
    order: str
    address: str

    @property
    def label(self) -> str:
        return self.key.removeprefix(METADATA)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of the metadata, None if the version has none."""

    value: Any
    is_number: bool


def metadata_keys(documents: Iterable[dict[str, Any]]) -> list[str]:
    """Return the keys worth a column, for the metadata of all versions from the newest on.

    They have single values that are not equal in all versions; numbers come first, then keys of more versions.
    """
    values: dict[str, list[params.Param]] = defaultdict(list)
    total = 0
    for document in documents:
        total += 1
        for key, value in params.leaves(document, ""):
            if value is not None and not isinstance(value, list | dict):
                values[key].append(params.Param(number(value), params.as_text(value)))
    different = [
        key for key, entries in values.items() if total == 1 or len({*entries}) > 1 or len(entries) < total
    ]
    different.sort(key=lambda key: (any(value.number is None for value in values[key]), -len(values[key])))
    return different[:MOST]


def value_of(metadata: dict[str, Any], key: str) -> Any:
    return next((value for name, value in params.leaves(metadata, "") if name == key), None)


def cell(metadata: dict[str, Any], key: str) -> Cell:
    value = value_of(metadata, key)
    is_number = number(value) is not None
    return Cell(value if value is None or is_number else params.as_text(value), is_number)


def in_order(versions: Any, sort: str) -> Any:
    """Return versions in the order of `sort`: a queryset, or a list of ids for a key of the metadata.

    Versions without the key come last in both directions; numbers come before texts.
    """
    descending, key = sort.startswith("-"), sort.removeprefix("-")
    if not key.startswith(METADATA):
        prefix = "-" if descending else ""
        return versions.order_by(f"{prefix}{FIELDS[key]}", f"{prefix}number")
    name = key.removeprefix(METADATA)
    with_value, without = [], []
    for pk, metadata in versions.order_by("-number").values_list("pk", "metadata"):
        value = value_of(metadata, name)
        if value is None:
            without.append(pk)
        else:
            parsed = number(value)
            with_value.append(((parsed is None, parsed or 0.0, params.as_text(value)), pk))
    with_value.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(pk for _, pk in with_value), *without]


def read_sort(value: str, keys: Iterable[str]) -> str:
    """Return the value of `sort`, or the usual order if no column has that name."""
    sort_keys = {*FIELDS, *(f"{METADATA}{key}" for key in keys)}
    return value if value.removeprefix("-") in sort_keys else NEWEST


def heads(keys: Iterable[str], sort: str, here: str, params: dict[str, str]) -> dict[str, Head]:
    """Return the columns by key; the first click on a column sorts from the largest value on."""
    return {key: _head(key, sort, here, params) for key in (*FIELDS, *(f"{METADATA}{key}" for key in keys))}


def _head(key: str, sort: str, here: str, params: dict[str, str]) -> Head:
    order = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
    following = key if order == "descending" else f"-{key}"
    query = params | ({"sort": following} if following != NEWEST else {})
    return Head(key, order, f"{here}?{urlencode(query)}" if query else here)


def page_of(items: Any) -> list[Version]:
    if not items or isinstance(items[0], Version):
        return list(items)
    versions = Version.objects.in_bulk(items)
    return [versions[pk] for pk in items if pk in versions]
