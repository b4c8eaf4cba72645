"""Page of a table that a run logged: links and formatted cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from runicorn_site.web.access import Scope, access
from runicorn_site.web.paginator import Paginator
from runicorn_site.web.pools import blocking
from runicorn_site.web.responses import attachment, fragment
from runs.pages.media import listing as media
from runs.pages.media.tables import COLUMNS, ROWS
from runs.services.lookup import get_run

SHORT = 80
"""Characters of a cell shown before it is expanded."""
LONGEST = 20_000
"""Characters of an expanded cell; the CSV has all of them."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as text; numbers are right-aligned, `rest` is shown when the cell is expanded."""

    text: str
    number: bool = False
    nothing: bool = False
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a column with the URL that sorts by it; `number` if the column contains numbers."""

    label: str
    address: str
    order: str
    number: bool


def _column(sort: str, columns: int) -> int | None:
    digits = sort.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 6):
        return None
    return int(digits) if int(digits) < columns else None


def _address(address: str, sort: str, page: int) -> str:
    query = {"sort": sort} if sort else {}
    if page > 1:
        query["page"] = str(page)
    return f"{address}?{urlencode(query)}" if query else address


def cell(value: Any) -> Cell:
    """Format a value: numbers with all digits, long texts cut."""
    if value is None:
        return Cell("–", nothing=True)
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    if isinstance(value, int):
        return Cell(str(value).replace("-", "−", 1), number=True)
    if isinstance(value, float):
        return Cell(_number(value), number=True)
    text = str(value)
    if len(text) <= SHORT:
        return Cell(text)
    return Cell(f"{text[:SHORT]}…", rest=text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    return repr(value).replace("-", "−", 1) if value < 0 else repr(value)


# A table may have 64 MB.
@access(Scope.READ)
@blocking
@require_safe
def run_table(request: HttpRequest, run_id: str, path: str) -> HttpResponseBase:
    """Render the table, sorted and paged by the query string; to htmx the table alone, with `format=csv` as a file."""
    run = get_run(run_id)
    table = media.table(run, path)
    if request.GET.get("format") == "csv":
        response = StreamingHttpResponse(table.csv(), content_type="text/csv; charset=utf-8")
        return attachment(response, f"{path.rpartition('/')[2].removesuffix('.table.json')}.csv")
    address, sort = request.path, request.GET.get("sort", "")
    column, down = _column(sort, len(table.columns)), sort.startswith("-")
    rows = table.rows if column is None else table.ordered(column, down=down).rows
    sort_key = "" if column is None else sort
    paginator = Paginator(
        rows, ROWS, count=len(rows), address=lambda number: _address(address, sort_key, number)
    )
    shown_page = paginator.get_page(request.GET.get("page", ""))
    cells = [[cell(value) for value in row[:COLUMNS]] for row in shown_page]
    numbers = [any(some.number for some in cells) for cells in zip(*cells, strict=True)]
    orders: dict[int | None, str] = {column: "descending" if down else "ascending"}
    context = {
        "heads": [
            Head(
                name,
                _address(address, f"-{n}" if orders.get(n) == "ascending" else str(n), 1),
                orders.get(n, ""),
                bool(cells) and numbers[n],
            )
            for n, name in enumerate(table.columns[:COLUMNS])
        ],
        "rows": cells,
        "page": shown_page,
        "total": table.total,
        "left_out": max(0, len(table.columns) - COLUMNS),
        "csv": f"{address}?format=csv",
        "here": _address(address, sort_key, shown_page.number),
        "run": run,
        "path": path,
    }
    if "HX-Request" in request.headers:
        return fragment(request, "runs/_data_table.html", context)
    return render(request, "runs/data_table.html", context)
