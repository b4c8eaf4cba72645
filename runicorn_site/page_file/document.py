"""The HTML document of a page file: style sheets, the modules of our charts and the content in one text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from runicorn._version import __version__
from runicorn_site.assets import module_bundle
from runicorn_site.catalog.entry import RunEntry, nested
from runicorn_site.catalog.store import StoreCatalog
from runicorn_site.folders import APPS
from runicorn_site.page_file.content import PageContent, page_content, start_of
from runicorn_site.page_file.options import PageBoard, charts_of, options_of_chart
from runs.store.params import flatten

STATIC = APPS / "static"
SHEETS = ("variables", "base", "controls", "chart", "documents", "standalone")
MODULES = (
    "js/chart/text/data_table.js",
    "js/chart/menu/menu.js",
    "js/chart/legend.js",
    "js/standalone/page.js",
)
"""Those that other pages load when a button is pressed, and that of the page, which needs them."""
COLORS = 10


@dataclass(frozen=True)
class PageFile:
    """The document, and the policy with which a server sends it: only its own script runs, and nothing is loaded.

    Attributes:
        tag: changes with the content, but not with the time at which the page was made.
    """

    html: str
    policy: str
    tag: str


def page_file(
    catalog: StoreCatalog,
    entries: Sequence[RunEntry],
    board: PageBoard | None = None,
    colours: Mapping[str, str] | None = None,
) -> PageFile:
    """Return the page file of one run or several; their charts are arranged by a board if there is one.

    Args:
        colours: those that users gave to runs, by run id.

    Raises:
        OSError: a journal cannot be read.
    """
    reserved = len(_sheets()) + len(_script()) + len(json.dumps(board))
    content = page_content(catalog, entries, reserved, charts=charts_of(board) if board else ())
    title = entries[0].label if len(entries) == 1 else f"{len(entries)} runs"
    if board is not None:
        title = board["board"].get("title") or title
    body = f"""{_runs(content)}
<form id="tools" hidden></form>
<div id="charts">{_figures(content)}</div>
{_pictures(content)}
{_tables(content)}
{_logs(content)}"""
    return _page(title, body, content, board, colours or {})


def saved_document(
    root: Path,
    title: str,
    about: str,
    body: str,
    run_ids: Sequence[str],
    charts: Sequence[tuple[str, Mapping[str, Any]]],
    server: str,
) -> PageFile:
    """Return the page file of a document.

    Args:
        about: a line below the title.
        body: HTML of the document.
        run_ids: runs of its charts.
        charts: names of its charts, with options as a board has them.
        server: address of the viewer, to which its links lead.

    Raises:
        OSError: a journal cannot be read.
    """
    catalog = StoreCatalog(root)
    entries = [entry for run_id in run_ids if (entry := catalog.get(run_id, metrics=False)) is not None]
    linked = _PATHS.sub(rf"\1{escape(server.rstrip('/'))}/", _ICONS.sub('href="#', body))
    options = [options_of_chart({"metrics": [name], **about}) for name, about in charts]
    only = {name for chart in options for name in chart.metrics or ()}
    content = page_content(catalog, entries, len(_sheets()) + len(_script()) + len(linked), only, options)
    html = f'<p class="soft">{escape(about)}</p><article class="documents markdown">{linked}</article>'
    return _page(title, html, content, None, {})


_ICONS = re.compile(r'href="[^"#]*icons[^"#]*\.svg#')
_PATHS = re.compile(r'(<a\s[^>]*href="|&quot;href&quot;: &quot;)/(?!/)')


def _page(
    title: str, body: str, content: PageContent, board: PageBoard | None, colours: Mapping[str, str]
) -> PageFile:
    sheets, script = _sheets(), _script()
    icons = (STATIC / "img" / "icons.svg").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"sandbox allow-scripts; default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline';"
        " img-src data:; font-src data:"
    )
    data = _data(content, board, colours)
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime())
    html = f"""<!doctype html>
<html lang="en" data-standalone>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="icons" content="">
<meta http-equiv="Content-Security-Policy" content="{escape(policy.partition("; ")[2])}">
<title>{escape(title)} · Runicorn</title>
<style>{sheets}</style>
</head>
<body class="standalone">
<div hidden>{icons}</div>
<header class="saved"><h1>{escape(title)}</h1>
<p class="soft">Saved {date} by Runicorn {escape(__version__)}.</p></header>
<main>
{body}
{_left_out(content)}
</main>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""
    tag = hashlib.sha256("\0".join((title, body, data, sheets, script)).encode("utf-8", "replace"))
    return PageFile(html, policy, f'W/"{tag.hexdigest()[:24]}"')


def _runs(content: PageContent) -> str:
    runs = "".join(
        f'<li><i class="dot" style="background: var(--curve-{number % COLORS + 1})"></i>'
        f"<b>{escape(entry.label)}</b> <code>{escape(entry.id)}</code> {escape(entry.project)} ·"
        f" {escape(entry.state)}{_reason(entry)}</li>"
        for number, entry in enumerate(content.runs)
    )
    return f'<ul class="runs">{runs}</ul>'


def _reason(entry: RunEntry) -> str:
    return f" ({escape(entry.state_reason)})" if entry.state_reason else ""


def _figures(content: PageContent) -> str:
    figures = []
    for metric in content.metrics:
        name = escape(metric["name"])
        axis = ' data-axis="time"' if metric["time_only"] else ""
        axis += f' data-x="{escape(metric["x"])}"' if metric["x"] else ""
        figures.append(
            f'<figure data-name="{name}"{axis}><figcaption><h3><bdi>{name}</bdi></h3><output></output></figcaption>'
            "</figure>"
        )
    return "".join(figures)


def _pictures(content: PageContent) -> str:
    if not content.pictures:
        return ""
    figures = "".join(
        f'<figure><img src="{picture.url}" alt="{escape(picture.name)}"><figcaption>{escape(picture.name)}'
        f"{_of_run(content, picture.run)}</figcaption></figure>"
        for picture in content.pictures
    )
    return f'<section><h2>Pictures</h2><div class="pictures">{figures}</div></section>'


def _of_run(content: PageContent, run: int) -> str:
    return f" · {escape(content.runs[run].label)}" if len(content.runs) > 1 else ""


def _tables(content: PageContent) -> str:
    parts = []
    for title, attribute in (("Config", "config"), ("Summary", "summary")):
        values = [getattr(entry, attribute) for entry in content.runs]
        keys = list(dict.fromkeys(key for value in values for key in flatten(value)))
        if keys:
            rows = "".join(_row(key, [nested(value, key) for value in values]) for key in keys)
            parts.append(
                f'<details open><summary><h2>{title}</h2></summary><div class="wide"><table>{_header(content)}'
                f"<tbody>{rows}</tbody></table></div></details>"
            )
    notes = "".join(
        f"<h3>{escape(entry.label)}</h3><pre>{escape(entry.description)}</pre>"
        for entry in content.runs
        if entry.description
    )
    return "".join(parts) + (
        f"<details open><summary><h2>Notes</h2></summary>{notes}</details>" if notes else ""
    )


def _header(content: PageContent) -> str:
    if len(content.runs) == 1:
        return ""
    cells = "".join(f"<th>{escape(entry.label)}</th>" for entry in content.runs)
    return f"<thead><tr><th></th>{cells}</tr></thead>"


def _row(key: str, values: Sequence[Any]) -> str:
    texts = [
        "" if value is None else value if isinstance(value, str) else json.dumps(value) for value in values
    ]
    differs = ' class="differs"' if len(set(texts)) > 1 else ""
    return f"<tr{differs}><th>{escape(key)}</th>{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>"


def _logs(content: PageContent) -> str:
    parts = [
        f"<details><summary><h2>Log{_of_run(content, number)}</h2></summary>"
        f'<pre class="log">{escape(chr(10).join(lines))}</pre></details>'
        for number, lines in enumerate(content.logs)
        if lines
    ]
    return "".join(parts)


def _left_out(content: PageContent) -> str:
    return "".join(f'<p class="soft">{escape(sentence)}</p>' for sentence in content.left_out)


def _data(content: PageContent, board: PageBoard | None, colours: Mapping[str, str]) -> str:
    """Return the curves as JSON that cannot end its element."""
    names = Counter(entry.label for entry in content.runs)
    runs = [
        {
            "id": entry.id,
            "label": entry.label if names[entry.label] == 1 else f"{entry.label} {entry.id[-6:]}",
            "start": start_of(entry),
            "colour": colours.get(entry.id),
        }
        for entry in content.runs
    ]
    value = {
        "origin": content.origin,
        "runs": runs,
        "metrics": content.metrics,
        "board": board,
        "settings": board["settings"] if board else "",
    }
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _sheets() -> str:
    """Return the style sheets, without the font: the file uses that of the system."""
    text = "\n".join((STATIC / "css" / f"{sheet}.css").read_text(encoding="utf-8") for sheet in SHEETS)
    while (start := text.find("@font-face")) >= 0:
        text = text[:start] + text[text.index("}", start) + 1 :]
    return text.replace("</", "<\\/")


@cache
def _script() -> str:
    def read(name: str) -> str:
        return (STATIC / name).read_text(encoding="utf-8")

    names = module_bundle.in_order(MODULES, read)
    return module_bundle.joined((name, read(name)) for name in names).replace("</script", "<\\/script")
