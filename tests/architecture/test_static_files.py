"""JavaScript and CSS: one module that fetches, folders that a reader can scan, and no growth."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
TRANSLATIONS = STATIC / "js" / "i18n"
MODULES = sorted(path for path in (STATIC / "js").rglob("*.js") if path.parent != TRANSLATIONS)
LARGEST_FOLDER = 20
MOST_BYTES = 781_000
FOREIGN = {"admin.css", "admin_base.css", "docs.css"}
"""Sheets for the markup of Django's admin, Swagger UI and ReDoc, which no other page loads."""
MOST_FOREIGN_BYTES = 21_000


def test_only_http_js_calls_fetch() -> None:
    callers = [
        str(path.relative_to(STATIC))
        for path in MODULES
        if re.search(r"\bfetch\(|\bXMLHttpRequest\b|\bsendBeacon\(", path.read_text(encoding="utf-8"))
    ]
    assert callers == ["js/http.js"]


def test_scripts_and_style_sheets_do_not_grow() -> None:
    files = [*MODULES, *sorted((STATIC / "css").rglob("*.css"))]
    foreign = [path for path in files if path.name in FOREIGN]
    assert sum(path.stat().st_size for path in foreign) <= MOST_FOREIGN_BYTES
    assert sum(path.stat().st_size for path in files if path not in foreign) <= MOST_BYTES


def test_no_folder_of_scripts_has_more_modules_than_a_reader_can_scan() -> None:
    folders = Counter(str(path.parent.relative_to(STATIC)) for path in MODULES)
    assert not {folder: count for folder, count in folders.items() if count > LARGEST_FOLDER}


def test_every_kind_of_chart_is_an_object_that_paints() -> None:
    kinds = [path for path in MODULES if path.parent.name == "kinds" and path.stem != "kinds"]
    assert {"line", "band", "bars", "scatter"} <= {path.stem for path in kinds}
    for path in kinds:
        text = path.read_text(encoding="utf-8")
        assert f"export const {path.stem} = {{" in text and "\n  paint(" in text, path.name
