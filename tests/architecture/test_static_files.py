"""JavaScript and CSS: one module that fetches, and no growth."""

from __future__ import annotations

import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
MODULES = sorted((STATIC / "js").rglob("*.js"))
MOST_BYTES = 292_100


def test_only_http_js_calls_fetch() -> None:
    callers = [
        str(path.relative_to(STATIC))
        for path in MODULES
        if re.search(r"\bfetch\(|\bXMLHttpRequest\b|\bsendBeacon\(", path.read_text(encoding="utf-8"))
    ]
    assert callers == ["js/http.js"]


def test_scripts_and_style_sheets_do_not_grow() -> None:
    files = [*MODULES, *sorted((STATIC / "css").rglob("*.css"))]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
