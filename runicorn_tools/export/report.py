"""Report of one run as Markdown or as an HTML page; texts of the run are escaped in both."""

from __future__ import annotations

import json
import math
import re
import time
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.store import layout
from runicorn.store.journal.records import Statistics, number, statistics
from runicorn.store.state.reasons import describe
from runicorn.store.units import number_of
from runicorn_tools.export import sparkline_svg

NONE = "N/A"
HEAD = ("Metric", "Min", "Max", "Mean", "Last")
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


class Section(NamedTuple):
    """A heading with optional sentences, facts and a table."""

    title: str
    facts: list[tuple[str, str]] = []
    note: str = ""
    head: tuple[str, ...] = ()
    rows: list[list[str]] = []


def markdown(run_dir: Path) -> str:
    parts = ["# Experiment Report", f"Generated: {_date(time.time())}"]
    for section in sections(run_dir):
        parts.append(f"## {section.title}")
        if section.facts:
            parts.append("\n".join(f"- **{name}**: {_in_markdown(value)}" for name, value in section.facts))
        if section.note:
            parts.append(section.note)
        if section.rows:
            lines = [list(section.head), ["---"] * len(section.head)]
            lines += [[_in_markdown(cell) for cell in row] for row in section.rows]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    return "\n\n".join(parts) + "\n"


def html(run_dir: Path) -> str:
    """Return the report as a self-contained HTML page."""
    parts = ["<h1>Experiment Report</h1>", f"<p>Generated: {_date(time.time())}</p>"]
    for section in sections(run_dir):
        parts.append(f"<h2>{section.title}</h2>")
        if section.facts:
            facts = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in section.facts)
            parts.append(f"<dl>{facts}</dl>")
        if section.note:
            parts.append(f"<p>{section.note}</p>")
        if section.rows:
            head = "".join(f"<th>{name}</th>" for name in section.head)
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in section.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>")
    parts += _pictures(run_dir)
    return _PAGE.format(body="\n".join(parts))


def _pictures(run_dir: Path) -> list[str]:
    """Return the curves of the metrics by name."""
    curves, more = sparkline_svg.read(run_dir)
    parts = ["<h2>Curves</h2>"] if curves else []
    for name, curve in curves.items():
        caption = f"<figcaption>{escape(name)}</figcaption>"
        parts.append(f"<figure>{caption}{sparkline_svg.svg(name, curve)}</figure>")
    return [*parts, f"<p>Not drawn: {number_of(more, 'more metric')}.</p>"] if more else parts


def sections(run_dir: Path) -> list[Section]:
    meta, status, summary, config = (
        layout.read_json(run_dir / name)[0]
        for name in (layout.META, layout.STATUS, layout.SUMMARY, layout.CONFIG)
    )
    parts = [Section("Experiment Information", _information(meta)), Section("Run Status", _state(status))]
    if config:
        rows = [[name, _value(value)] for name, value in config.items()]
        parts.append(Section("Configuration", head=("Setting", "Value"), rows=rows))
    if summary:
        rows = [[name, _value(value)] for name, value in summary.items()]
        parts.append(Section("Summary Metrics", head=("Metric", "Value"), rows=rows))
    metrics, records = statistics(run_dir)
    if records:
        rows = [[name, *_figures(figures)] for name, figures in metrics.items()]
        note = f"Total events recorded: {records}"
        parts.append(Section("Metrics Overview", note=note, head=HEAD, rows=rows))
    return parts


def _information(meta: dict[str, Any]) -> list[tuple[str, str]]:
    texts = [("Project", "project"), ("Experiment", "name"), ("Run ID", "id")]
    more = [("Platform", "platform"), ("Python", "python")]
    created = ("Created", _date(meta.get("created_at")))
    return [*_labelled_values(meta, texts), created, *_labelled_values(meta, more)]


def _labelled_values(values: dict[str, Any], names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, _value(values.get(key, NONE))) for label, key in names]


def _state(status: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("Status", _value(status.get("status", NONE)))]
    if status:
        state, sentence = describe(status)
        facts += [("State", state.value)] if state != status.get("status") else []
        facts += [("Reason", str(sentence))] if sentence else []
    started, ended = number(status.get("started_at")), number(status.get("ended_at"))
    facts += [("Started", _date(started))] if started is not None else []
    facts += [("Ended", _date(ended))] if ended is not None else []
    if started is not None and ended is not None:
        facts.append(("Duration", f"{ended - started:.2f} seconds"))
    return facts


def _figures(figures: Statistics) -> list[str]:
    extremes = (figures.minimum, figures.maximum, figures.mean) if figures.finite else (math.nan,) * 3
    return [*map(_figure, extremes), _figure(figures.last)]


def _figure(value: float) -> str:
    # Six decimals show nothing of 1e-9, and are three hundred digits of 1e300.
    return (
        f"{value:.6f}"
        if value == 0 or not math.isfinite(value) or 1e-4 <= abs(value) < 1e15
        else f"{value:.6e}"
    )


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _date(moment: Any) -> str:
    seconds = number(moment)
    try:
        return NONE if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):  # a time that no calendar has
        return NONE


def _in_markdown(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", escape(" ".join(text.split()), quote=False))


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Experiment Report</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere }}
dl {{ display: grid; grid-template-columns: 8rem 1fr; gap: .25rem }}
dd {{ margin: 0; overflow-wrap: anywhere }}
figure {{ margin: 1.5rem 0 }}
figcaption {{ overflow-wrap: anywhere }}
svg {{ display: block; width: 100%; max-width: 40rem; margin: .25rem 0; border-bottom: 1px solid #8884 }}
polyline {{ fill: none; stroke: #2f6fde; stroke-width: 1.5; stroke-linejoin: round; vector-effect: non-scaling-stroke }}
.range {{ margin: 0; opacity: .7; font-size: .85em }}
@media (max-width: 30rem) {{ td, th {{ font-size: .8rem; padding-right: .4rem }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
