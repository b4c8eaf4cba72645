"""Samples of runs of a store or a viewer."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runicorn.json_value import JsonObject
from runicorn.store.samples import names
from runicorn.store.samples.lines import decode
from runicorn.store.samples.reader import OpenChunk
from runicorn_site.catalog.base import BadQuestion, Catalog, NotAvailable, system_error
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog, answered
from runs.query.where.ast import All, Comparison, Either, Node, Not, comparisons
from runs.query.where.parser import BadWhere
from runs.query.where.record import compare_param
from runs.store.params import Param, leaves
from runs.store.sanitize import number
from samples.query import where as conditions

Row = JsonObject


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Samples of one name: number of rows, steps in order, names of columns."""

    name: str
    rows: int
    steps: list[int]
    columns: list[str]


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """Selection and order of samples; conditions and order as of the API.

    Attributes:
        step: only samples of this step.
        where: condition over columns, such as `reward < 0.2 and truncated`.
        text: words that all occur in a sample.
        order: column, `-` before it for the greatest first; "" for the order of logging.
        first, size: part of the matching samples.
    """

    step: int | None = None
    where: str = ""
    text: str = ""
    order: str = ""
    first: int = 0
    size: int = 10


def sample_sets(catalog: Catalog, entry: RunEntry) -> list[SampleSet]:
    """Return the sample sets of a run; those of a store are read whole."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return [
                SampleSet(each["name"], each["rows"], each["steps"], [c["name"] for c in each["columns"]])
                for each in catalog.client.samples.sets(entry.id)
            ]
    result = []
    for name in names.sample_sets(_store(catalog).root / entry.folder):
        rows, steps, columns = 0, set(), Counter[str]()
        for row in _rows(catalog, entry, name):
            rows += 1
            steps.add(row["_step"])
            columns.update(row.keys())
        own = [column for column in columns if not column.startswith("_")]
        result.append(SampleSet(name, rows, sorted(step for step in steps if isinstance(step, int)), own))
    return result


def sample_page(catalog: Catalog, entry: RunEntry, name: str, query: SampleQuery) -> tuple[list[Row], int]:
    """Return a part of the matching samples, each with `_step`, `_row` and `_time`, and the number of all.

    Raises:
        BadQuestion: the condition is malformed, or no sample has a column of it.
        NotAvailable: the run has no such samples.
    """
    if isinstance(catalog, ViewerCatalog):
        asked = {"step": query.step, "where": query.where, "q": query.text, "order_by": query.order}
        page = {"page": query.first // query.size + 1, "per_page": query.size, "full": True}
        with answered():
            answer = catalog.client.samples.page(
                entry.id,
                name,
                **{key: value for key, value in asked.items() if value not in ("", None)},
                **page,
            )
        return answer["rows"], answer["total"]
    if name not in names.sample_sets(_store(catalog).root / entry.folder):
        raise NotAvailable(f"{entry.id} has no samples {name}.")
    try:
        node = conditions.parse(query.where) if query.where.strip() else None
    except BadWhere as error:
        raise BadQuestion(str(error)) from error
    return _selected(_rows(catalog, entry, name), node, query)


def sample_row(catalog: Catalog, entry: RunEntry, name: str, row: int) -> Row:
    """Return one sample by its `_row`.

    Raises:
        NotAvailable: no such sample.
    """
    if isinstance(catalog, ViewerCatalog):
        with answered():
            rows = catalog.client.samples.page(entry.id, name, row=row, full=True)["rows"]
    else:
        rows = [each for each in _rows(catalog, entry, name) if each["_row"] == row]
    if not rows:
        raise NotAvailable(f"{entry.id} has no sample {row} of {name}.")
    return rows[0]


def _selected(rows: Iterator[Row], node: Node | None, query: SampleQuery) -> tuple[list[Row], int]:
    order = query.order.removeprefix("-")
    sign = -1 if query.order.startswith("-") else 1
    words = query.text.casefold().split()
    columns: set[str] = {"_step", "_row", "_time", "step"}
    total = 0

    def matching() -> Iterator[tuple[tuple[float, float, int], Row]]:
        nonlocal total
        for row in rows:
            params = {key: Param(number(value), _text(value)) for key, value in leaves(row, "")}
            params.setdefault("step", params["_step"])
            columns.update(params)
            if query.step is not None and row["_step"] != query.step:
                continue
            if node is not None and not _satisfies(node, params):
                continue
            if words and not all(word in str(row).casefold() for word in words):
                continue
            total += 1
            value = params[order].number if order in params else None
            yield ((1.0, 0.0, total) if value is None else (0.0, sign * value, total)), row

    end = query.first + query.size
    chosen = heapq.nsmallest(end, matching(), key=lambda pair: pair[0])
    asked = {each.field.name for each in comparisons(node)} if node is not None else set()
    if unknown := sorted((asked | ({order} if order else set())) - columns):
        known = ", ".join(sorted(column for column in columns if not column.startswith("_")))
        raise BadQuestion(f"No sample has the column {unknown[0]}; there are {known}.")
    return [row for _, row in chosen[query.first :]], total


def _satisfies(node: Node, params: dict[str, Param]) -> bool:
    if isinstance(node, Not):
        return not _satisfies(node.node, params)
    if isinstance(node, All):
        return all(_satisfies(part, params) for part in node.nodes)
    if isinstance(node, Either):
        return any(_satisfies(part, params) for part in node.nodes)
    return _compared(node, params.get(node.field.name))


def _compared(node: Comparison, param: Param | None) -> bool:
    if param is None or not node.values or node.values[0] is not True:
        return compare_param(node, param)
    # A column alone, such as `truncated`.
    return (
        param.number != 0
        if param.number is not None
        else param.text.lower() not in ("", "false", "0", "null")
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _rows(catalog: Catalog, entry: RunEntry, name: str) -> Iterator[Row]:
    folder = names.samples_folder(_store(catalog).root / entry.folder, name)
    try:
        for chunk in names.chunks(folder):
            with OpenChunk(chunk) as file:
                samples = (sample for _, line in file.lines() if line and (sample := decode(line)))
                for index, sample in enumerate(samples):
                    place = {"_step": sample.step, "_row": (chunk.number << 32) + index}
                    yield {**sample.data, **place, "_time": sample.time}
    except OSError as error:
        raise system_error(entry.id, error) from error


def _store(catalog: Catalog) -> StoreCatalog:
    if not isinstance(catalog, StoreCatalog):
        raise NotAvailable("This needs the store itself.")
    return catalog
