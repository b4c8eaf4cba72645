"""`runicorn ls`: a list of runs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from runicorn_site.catalog.base import Query
from runicorn_site.catalog.entry import RunEntry, json_number, value_of
from runicorn_site.catalog.primary import PRIMARY
from runicorn_site.cli.runs import columns as table_columns
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.columns import COLUMNS_HELP, SORT_HELP
from runicorn_site.cli.runs.source import AsCsv, AsJson, Storage, Token, Url, opened
from runicorn_site.cli.support.selection import WHERE
from runicorn_tools.analysis.scale import deviation, mean
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import USAGE

FAILED_STATES = frozenset({"failed", "killed", "out_of_memory", "lost"})


def ls(
    words: Annotated[list[str] | None, typer.Argument(help="Words in name, tags, note or id.")] = None,
    where: Annotated[str, typer.Option("--where", "-w", help=WHERE)] = "",
    project: Annotated[str | None, typer.Option("--project", "-p", help="The runs of a project.")] = None,
    columns: Annotated[str, typer.Option("--columns", "-c", help=COLUMNS_HELP)] = "",
    sort: Annotated[str, typer.Option("--sort", "-s", help=SORT_HELP)] = "",
    group: Annotated[str, typer.Option("--group", "-g", help="One line for each value of a column.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Number of runs.")] = 50,
    everything: Annotated[bool, typer.Option("--all", "-a", help="All runs.")] = False,
    deleted: Annotated[bool, typer.Option("--deleted", help="Runs in the recycle bin.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """List runs, the newest first.

    Examples:

      runicorn ls --project vision --where "metric.val_acc.best > 0.9"

      runicorn ls --columns +config.lr,metric.loss.best --sort metric.loss.best --limit 10

      runicorn ls --group config.lr --columns metric.loss --json
    """
    if as_json and as_csv:
        common.exit_with("--json and --csv exclude each other", USAGE)
    keys = table_columns.chosen(columns, () if group else table_columns.DEFAULT)
    order, descending = table_columns.order(sort)
    query = Query(
        where=where,
        project=project,
        text=" ".join(words or ()),
        deleted=deleted,
        order=order,
        descending=descending,
        limit=None if everything or group else limit,
        metrics=table_columns.need_metrics([*keys, group]),
        primary=table_columns.BEST in keys or bool(PRIMARY & {*keys, group}),
    )
    with opened(url, token, storage) as catalog:
        entries = catalog.select(query)
    if entries and (unknown := table_columns.unknown([*keys, group, order], entries)):
        common.print_notice(f"No run in this list has {', '.join(unknown)}.")
    if group:
        _print_groups(entries, group, keys, as_json, as_csv)
    else:
        _print_runs(entries, keys, as_json, as_csv, whole=not columns, metrics=query.metrics)


def _print_runs(
    entries: Sequence[RunEntry],
    keys: Sequence[str],
    as_json: bool,
    as_csv: bool,
    *,
    whole: bool,
    metrics: bool,
) -> None:
    if as_json:
        common.print_json([_to_dict(entry, () if whole else keys, metrics) for entry in entries])
    elif as_csv:
        text.print_csv(keys, [[table_columns.value(entry, key) for key in keys] for entry in entries])
    elif not entries:
        common.print_notice("No runs found.")
    else:
        rows = [[table_columns.cell_text(entry, key) for key in keys] for entry in entries]
        text.print_table(keys, rows, table_columns.numeric(keys, entries))


def _to_dict(entry: RunEntry, keys: Sequence[str], metrics: bool) -> dict[str, Any]:
    if keys:
        values = {key: table_columns.value(entry, key) for key in dict.fromkeys(["id", *keys])}
        return {
            key: json_number(value) if isinstance(value, float) else value for key, value in values.items()
        }
    document = entry.to_dict()
    return document if metrics or entry.metrics else {k: v for k, v in document.items() if k != "metrics"}


def _print_groups(
    entries: Sequence[RunEntry], group: str, keys: Sequence[str], as_json: bool, as_csv: bool
) -> None:
    """Print number, failures, and mean and sample standard deviation of each column, by the value of a column."""
    members: dict[str, list[RunEntry]] = defaultdict(list)
    for entry in entries:
        members[text.cell(group, value_of(entry, group))].append(entry)
    statistics: list[dict[str, Any]] = [
        {
            "group": name,
            "runs": len(runs),
            "failed": sum(entry.state in FAILED_STATES for entry in runs),
            "columns": {
                key: _statistics([table_columns.value(entry, key) for entry in runs]) for key in keys
            },
        }
        for name, runs in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    if as_json:
        common.print_json(statistics)
        return
    header = [group, "runs", "failed", *keys]
    if as_csv:
        header = [group, "runs", "failed", *(f"{key} {part}" for key in keys for part in ("mean", "std"))]
        rows: list[list[Any]] = [
            [row["group"], row["runs"], row["failed"]]
            + [row["columns"][key][part] for key in keys for part in ("mean", "std")]
            for row in statistics
        ]
        text.print_csv(header, rows)
        return
    lines = [
        [row["group"], str(row["runs"]), str(row["failed"]), *map(_mean_and_std, row["columns"].values())]
        for row in statistics
    ]
    text.print_table(header, lines, ["runs", "failed", *keys])


def _statistics(values: Sequence[Any]) -> dict[str, Any]:
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]
    std = deviation(numbers) if len(numbers) > 1 else math.inf
    return {
        "n": len(numbers),
        "mean": mean(numbers) if numbers else None,
        "std": std if math.isfinite(std) else None,
    }


def _mean_and_std(statistics: dict[str, Any]) -> str:
    if statistics["mean"] is None:
        return ""
    mean = text.number(statistics["mean"])
    return mean if statistics["std"] is None else f"{mean} ± {statistics['std']:.2g}"
