"""Plotly figures as documents, drawn by the `plotly.js` of an installed `plotly`."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

SUFFIX = ".plotly.json"
PAGE = b"""<!doctype html>
<meta charset="utf-8">
<style>html, body, #figure { height: 100%%; margin: 0; background: white; }</style>
<div id="figure"></div>
<script type="application/json" id="content">%b</script>
<script>%b</script>
<script>
const { data, layout } = JSON.parse(document.getElementById("content").textContent);
const fitted = { ...layout, autosize: true, width: undefined, height: undefined };
Plotly.newPlot("figure", data ?? [], fitted, { responsive: true, displaylogo: false });
</script>
"""


@cache
def library() -> Path | None:
    """Return the path of plotly.js; None if `plotly` is not installed."""
    spec = find_spec("plotly")  # which does not import it
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    return None


def is_figure(path: str) -> bool:
    """Return whether a file is a figure and the library to draw it is installed."""
    return path.endswith(SUFFIX) and library() is not None


def page(content: bytes, *, is_inert: bool) -> bytes:
    """Return the document that draws a figure.

    Args:
        content: the figure as JSON.
        is_inert: show its JSON instead, since the browser would not run the script.

    Raises:
        ValueError: it is not a figure.
    """
    figure = json.loads(content)
    if not isinstance(figure, dict):
        raise ValueError("not an object")
    path = library()
    if is_inert or path is None:
        return (
            b"<!doctype html><meta charset=utf-8><pre>%b</pre>"
            % escape(json.dumps(figure, indent=1)).encode()
        )
    parts = {name: figure.get(name) for name in ("data", "layout")}
    # No `</script>` in a text of the figure may end its element; JSON has no NaN.
    text = json.dumps(_finite(parts), allow_nan=False).replace("<", "\\u003c")
    # In the document itself: it has an origin of its own, from which nothing else may be requested.
    return PAGE % (text.encode(), path.read_bytes())


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
