"""`runicorn show` and `runicorn compare`: one run, or several side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from runicorn_site.catalog.base import Judgement
from runicorn_site.catalog.differences import effects, what_changed
from runicorn_site.catalog.entry import Figures, RunEntry, nested
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.source import (
    AsCsv,
    AsJson,
    OneRun,
    Runs,
    Storage,
    Token,
    Url,
    opened,
    run_of,
    runs_of,
)
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import USAGE
from runs.store.params import flatten

FACTS: tuple[str, ...] = (
    "project",
    "name",
    "display_name",
    "group",
    "state",
    "state_reason",
    "created_at",
    "duration",
    "hostname",
)
FACTS += ("owner", "tags", "description", "deleted_at")
MOST_VERDICTS = 10
FIGURES = ("last", "best", "min", "max", "count")


def show(
    run: OneRun,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Show a run: state, config, summary, and the statistics of its metrics.

    Examples:

      runicorn show latest

      runicorn show 20260114_153045_a1b2c3 --json
    """
    with opened(url, token, storage) as catalog:
        entry = run_of(catalog, run, metrics=True)
        earlier, changes = ("", []) if as_json else what_changed(catalog, entry)
        verdicts = effects(catalog, entry, earlier) if earlier else []
    if as_json:
        common.print_json(entry.to_dict())
        return
    typer.echo(typer.style(entry.id, bold=True) if text.has_color() else entry.id)
    facts = [(name.removesuffix("_at"), text.cell(name, getattr(entry, name))) for name in FACTS]
    _section("", [(name.replace("_", " "), value) for name, value in facts if value])
    if changes:
        typer.echo(f"\nWHAT CHANGED since {earlier}")
        for sentence in changes:
            typer.echo(common.printable(f"  {sentence}"))
        width = max((len(verdict.metric) for verdict in verdicts), default=0)
        for verdict in verdicts:
            typer.echo(common.printable(f"  {verdict.metric:<{width}}  {verdict.sentence}"))
    _section("config", _flat(entry.config))
    _section("summary", _flat(entry.summary))
    if entry.metrics:
        typer.echo()
        rows = [
            [name, *(text.cell(figure, figures.value(figure)) for figure in FIGURES)]
            for name, figures in sorted(entry.metrics.items())
        ]
        text.print_table(["metric", *FIGURES], rows, FIGURES)


def compare(
    runs: Runs,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Equal values too.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, for a comment on a pull request.")
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Compare the config and the metrics of runs side by side, and say whether each is better than the first.

    Examples:

      runicorn compare 20260114_153045_a1b2c3 20260114_160210_d4e5f6

      runicorn compare vision/latest latest --all
    """
    with opened(url, token, storage) as catalog:
        entries = runs_of(catalog, runs, metrics=True)
        if len(entries) < 2:
            common.exit_with("compare needs two runs or more", USAGE)
        names = [] if as_csv else [name for name in entries[0].metrics if not name.startswith("system/")]
        names = sorted(names, key=lambda name: name != entries[0].best_metric_name)[:MOST_VERDICTS]
        verdicts = {entry.id: catalog.verdicts(names, [entry], entries[:1]) for entry in entries[1:]}
    rows = _comparison(entries, everything)
    if as_json:
        common.print_json(
            {
                "runs": [entry.id for entry in entries],
                "rows": [{"key": key, "values": values} for key, values in rows],
                "verdicts": {run: [asdict(verdict) for verdict in of] for run, of in verdicts.items()},
            }
        )
        return
    header = ["key", *(entry.id for entry in entries)]
    if as_markdown:
        typer.echo("\n".join(_markdown(header, rows, verdicts)))
        return
    if as_csv:
        text.print_csv(header, [[key, *values] for key, values in rows])
        return
    text.print_table(header, [[key, *(text.cell(key, value) for value in values)] for key, values in rows])
    for run_id, of_run in verdicts.items():
        _section(
            f"{run_id} against {entries[0].id}", [(verdict.metric, verdict.sentence) for verdict in of_run]
        )


def _markdown(
    header: list[str], rows: list[tuple[str, list[Any]]], verdicts: dict[str, list[Judgement]]
) -> Iterator[str]:
    """Yield lines of Markdown; texts of runs are code, so that none is a link, a mention or HTML."""
    yield f"| {' | '.join(map(_code, header))} |"
    yield f"|{'---|' * len(header)}"
    for key, values in rows:
        yield f"| {' | '.join(_code(part) for part in (key, *(text.cell(key, value) for value in values)))} |"
    for run_id, of_run in verdicts.items():
        yield ""
        yield f"{_code(run_id)} against {header[1]}:"
        yield ""
        yield from (f"- {_code(verdict.metric)}: {_code(verdict.sentence)}" for verdict in of_run)


def _code(value: str) -> str:
    plain = " ".join(common.printable(value).replace("`", "'").replace("|", "/").split())
    return f"`{plain[:200]}`" if plain else ""


def _comparison(entries: list[RunEntry], everything: bool) -> list[tuple[str, list[Any]]]:
    rows: list[tuple[str, list[Any]]] = []
    for fact in ("name", "state", "duration"):
        rows.append((fact, [getattr(entry, fact) for entry in entries]))
    keys = dict.fromkeys(key for entry in entries for key in flatten(entry.config))
    rows += [(f"config.{key}", [nested(entry.config, key) for entry in entries]) for key in keys]
    names = sorted({name for entry in entries for name in entry.metrics})
    for name in names:
        of_name = [entry.metrics.get(name, Figures()) for entry in entries]
        rows += [
            (f"metric.{name}.{figure}", [of.value(figure) for of in of_name]) for figure in ("last", "best")
        ]
    return [row for row in rows if everything or any(value != row[1][0] for value in row[1])]


def _flat(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, text.cell(key, nested(values, key))) for key in flatten(values)]


def _section(title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    if title:
        typer.echo(f"\n{title}")
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        first, *others = value.splitlines() or [""]
        typer.echo(common.printable(f"  {name:<{width}}  {first}"))
        for line in others:
            typer.echo(common.printable(f"  {'':<{width}}  {line}"))
