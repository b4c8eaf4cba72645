"""What the charts of boards, documents and addresses show beside points by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import parse_qs

from runicorn.store.project.board_schema import MOST_WEIGHT, MOST_WIDTH
from runicorn_site.page_file.curves import ChartOptions, Smoothing

AXES = ("step", "time", "relative")
AMOUNTS = {"ema": "weight", "time_ema": "weight", "mean": "window", "gaussian": "sigma"}
"""Parameter of each method of smoothing that an address has, as in `static/js/chart/smoothing.js`."""


class PageBoard(TypedDict):
    """A board of a project, its texts as HTML by their Markdown, and the settings of all charts as in an address."""

    board: dict[str, Any]
    texts: dict[str, str]
    settings: str


def options_of_chart(about: Mapping[str, Any]) -> ChartOptions:
    """Return those of an item of a board. An expression may match any metric."""
    x = str(about.get("x", ""))
    names = None if "match" in about else about.get("metrics", ())
    smoothing = about.get("smoothing")
    is_off = smoothing is None or smoothing.get("method", "none") == "none"
    return ChartOptions(names, "" if x in AXES else x, None if is_off else smoothing)


def charts_of(board: PageBoard) -> Sequence[ChartOptions]:
    """Return those of a board and of the settings of its page."""
    items = [item for section in board["board"].get("sections", []) for item in section.get("items", [])]
    return [options_of_chart(item) for item in items if "markdown" not in item] + list(
        _of_settings(board["settings"])
    )


def _of_settings(search: str) -> Iterator[ChartOptions]:
    query = {name: values[-1] for name, values in parse_qs(search).items()}
    x, smoothing = query.get("x", ""), _smoothing(query.get("smooth", ""))
    if x not in ("", *AXES) or smoothing:
        yield ChartOptions(None, "" if x in AXES else x, smoothing)


def _smoothing(text: str) -> Smoothing | None:
    """Parse `0.9` (EMA), `mean:20`, `gaussian:5` or `time_ema:0.9`; None for anything else."""
    method, _, amount = text.rpartition(":")
    name = AMOUNTS.get(method or "ema", "")
    try:
        value = float(amount)
    except ValueError:
        return None
    most = MOST_WEIGHT if name == "weight" else MOST_WIDTH
    if not name or not 0 < value <= most:
        return None
    fields: Any = {"method": method or "ema", name: value}
    smoothing: Smoothing = fields
    return smoothing
