"""Samples of runs of a store or a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from runicorn.json_value import JsonObject
from runicorn.store.samples import names
from runicorn_site.catalog.base import BadQuestion, Catalog, NotAvailable, system_error
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.catalog.viewer import ViewerCatalog, answered
from runs.query.where.parser import BadWhere
from samples.errors import BadSampleQuery, NoSuchSample
from samples.query import condition_check, table
from samples.query import where as conditions
from samples.query.annotations import annotate, annotated_set, annotations_of
from samples.query.rows import one_row
from samples.query.table import Filter
from samples.store.index import SampleIndex, index_folder
from samples.store.piece import Piece

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
    """Return the sample sets of a run."""
    if isinstance(catalog, ViewerCatalog):
        with answered():
            return [
                SampleSet(each["name"], each["rows"], each["steps"], [c["name"] for c in each["columns"]])
                for each in catalog.client.samples.sets(entry.id)
            ]
    result = []
    for name in names.sample_sets(_store(catalog).root / entry.folder):
        with _pieces(catalog, entry, name) as (_, pieces):
            columns = [column["name"] for column in table.columns_of(pieces)]
            rows = sum(piece.rows for piece in pieces)
            result.append(SampleSet(name, rows, table.steps_of(pieces), columns))
    return result


def sample_page(catalog: Catalog, entry: RunEntry, name: str, query: SampleQuery) -> tuple[list[Row], int]:
    """Return a part of the matching samples, each with `_step`, `_row` and `_time`, and the number of all.

    Raises:
        BadQuestion: the condition is malformed, or no sample has a column of it.
        NotAvailable: the run has no such samples.
    """
    if isinstance(catalog, ViewerCatalog):
        params = {"step": query.step, "where": query.where, "q": query.text, "order_by": query.order}
        page = {"page": query.first // query.size + 1, "per_page": query.size, "full": True}
        with answered():
            answer = catalog.client.samples.page(
                entry.id,
                name,
                **{key: value for key, value in params.items() if value not in ("", None)},
                **page,
            )
        return answer["rows"], answer["total"]
    with _pieces(catalog, entry, name) as (index, pieces):
        try:
            node = conditions.parse(query.where) if query.where.strip() else None
            condition_check.check_condition(node, pieces)
            if query.order:
                condition_check.check_order(query.order.removeprefix("-"), pieces)
        except (BadWhere, BadSampleQuery) as error:
            raise BadQuestion(str(error)) from error
        selection = table.select(pieces, Filter(query.step, node=node, text=query.text))
        if query.order:
            selection = table.ordered(selection, query.order, query.first + query.size)
        result = table.page(index.source, selection, query.first // query.size + 1, query.size)
        return result.rows, result.total


def sample_row(catalog: Catalog, entry: RunEntry, name: str, row: int) -> Row:
    """Return one sample by its `_row`.

    Raises:
        NotAvailable: no such sample.
    """
    if isinstance(catalog, ViewerCatalog):
        with answered():
            rows = catalog.client.samples.page(entry.id, name, row=row, full=True)["rows"]
        if rows:
            return rows[0]
    else:
        with suppress(NoSuchSample), _pieces(catalog, entry, name) as (index, pieces):
            sample = one_row(index.source, pieces, row)
            with suppress(NotAvailable), _pieces(catalog, entry, annotated_set(name)) as (later, records):
                return annotate(sample, annotations_of(sample, later.source, records))
            return sample
    raise NotAvailable(f"{entry.id} has no sample {row} of {name}.")


@contextmanager
def _pieces(catalog: Catalog, entry: RunEntry, name: str) -> Iterator[tuple[SampleIndex, list[Piece]]]:
    """Open the index of a sample set of a store, as its server would answer from it."""
    run_dir = _store(catalog).root / entry.folder
    if name not in names.sample_sets(run_dir):
        raise NotAvailable(f"{entry.id} has no samples {name}.")
    index = SampleIndex(run_dir, name, index_folder(Path(_folder().name), run_dir, name))
    try:
        index.catch_up()
        with index.pieces() as pieces:
            yield index, pieces
    except OSError as error:
        raise system_error(entry.id, error) from error


@cache
def _folder() -> TemporaryDirectory[str]:
    """Return the folder of the indexes, which is removed when the process ends."""
    return TemporaryDirectory(prefix="runicorn-samples-", ignore_cleanup_errors=True)


def _store(catalog: Catalog) -> StoreCatalog:
    if not isinstance(catalog, StoreCatalog):
        raise NotAvailable("This needs the store itself.")
    return catalog
