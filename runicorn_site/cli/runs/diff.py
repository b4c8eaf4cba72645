"""`runicorn diff` and `runicorn nearest`: what changed between runs, and what was tried before."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from runicorn.api.responses.differences import Difference
from runicorn_site.catalog import differences
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.source import (
    RUN_HELP,
    AsJson,
    OneRun,
    Storage,
    Token,
    Url,
    complete_run,
    opened,
    run_of,
    runs_of,
)
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED
from runicorn_tools.differences.words import short

TITLES = {
    "config": "config",
    "packages": "packages",
    "environment": "environment variables",
    "hardware": "hardware",
    "artifacts": "data",
}
Others = Annotated[
    list[str] | None, typer.Argument(metavar="[RUN...]", help=RUN_HELP, autocompletion=complete_run)
]


def diff(
    a: OneRun,
    b: Others = None,
    code: Annotated[bool, typer.Option("--code/--no-code", help="Print the diff of the code.")] = True,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """Print what changed from run A to run B: config, code, packages, environment, command, hardware, data, seed.

    With one run it is compared with the run before it of the same script; with several others with their group. The
    steps at which curves part come last.

    Examples:

      runicorn diff 20260114_153045_a1b2c3 latest

      runicorn diff 20260114_160210_d4e5f6 --no-code

      runicorn diff latest best:val_acc --json
    """
    with opened(url, token, storage) as catalog:
        first = run_of(catalog, a)
        others = runs_of(catalog, b or [])
        if not others:
            earlier = differences.predecessor(catalog, first)
            if earlier is None:
                common.exit_with(f"There is no run before {first.id} in its project", FAILED)
            first, others = earlier, [first]
        difference = differences.differ(catalog, first, others)
    if as_json:
        common.print_json(difference)
    else:
        _print(difference, code)


def _print(difference: Difference, code: bool) -> None:
    names = [f"{run['id']} ({run['project']}/{run['name']})" for run in (difference["a"], difference["b"])]
    _echo(f"{names[0]} → {names[1]}")
    for sentence in difference["sentences"]:
        _echo(f"  {sentence}")
    for section in difference["order"]:
        if section in TITLES:
            _heading(TITLES[section])
            _values(difference[section])  # type: ignore[literal-required]
        elif section == "command":
            _heading("command")
            _echo(f"- {' '.join(difference['command']['a'])}", "red")
            _echo(f"+ {' '.join(difference['command']['b'])}", "green")
        elif section == "code":
            _code(difference, code)
    if difference["parting"]:
        _heading("curves part at step")
        for entry in difference["parting"]:
            step = "within the spread" if entry["step"] is None else text.number(entry["step"])
            _echo(f"  {entry['metric']}  {step}")


def _values(section: dict[str, Any]) -> None:
    for entry in section.get("changed", []):
        note = f"  ({' → '.join(entry['types'])})" if "types" in entry else ""
        note += f"  {entry['direction']}" if entry.get("direction") in ("up", "down") else ""
        _echo(f"~ {entry['key']}: {short(entry['a'])} → {short(entry['b'])}{note}", "yellow")
        for path in entry.get("files", {}).get("paths", []):
            _echo(f"    {path}")
    for entry in section.get("added", []):
        _echo(f"+ {entry['key']}: {short(entry['b'])}", "green")
    for entry in section.get("removed", []):
        _echo(f"- {entry['key']}: {short(entry['a'])}", "red")


def _code(difference: Difference, with_diff: bool) -> None:
    code = difference["code"]
    _heading("code")
    for file in code.get("files", []):
        old = f" (from {file['old_path']})" if "old_path" in file else ""
        what = "binary" if file.get("binary") else "line ends" if file.get("line_ends") else ""
        counts = what or f"+{file['added']} −{file['removed']}"
        _echo(f"{file['status'][0].upper()} {file['path']}{old}  {counts}")
    if note := code.get("note"):
        _echo(note)
    if with_diff and code.get("diff"):
        typer.echo()
        colors = {"+": "green", "-": "red", "@": "cyan"}
        for line in code["diff"].splitlines():
            _echo(line, colors.get(line[:1], ""))


def _heading(title: str) -> None:
    typer.echo()
    _echo(title.upper())


def _echo(line: str, color: str = "") -> None:
    line = common.printable(line)
    typer.echo(typer.style(line, fg=color) if color and text.has_color() else line)


def near(
    run: OneRun,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Number of runs.")] = 5,
    as_json: AsJson = False,
    url: Url = "",
    token: Token = None,
    storage: Storage = None,
) -> None:
    """List the runs of a project whose configs are nearest to that of a run, and how they ended.

    A number counts by its distance in proportion to its range in the project; seeds, output folders and names do not
    count.

    Examples:

      runicorn nearest latest
    """
    with opened(url, token, storage) as catalog:
        runs = differences.near(catalog, run_of(catalog, run), limit)
    if as_json:
        common.print_json({"runs": runs})
        return
    rows = [
        [
            entry["run_id"],
            text.number(entry["distance"]),
            entry["state"],
            ", ".join(entry["changed"][:5]) or "nothing",
            ", ".join(
                f"{name} {text.number(value)}"
                for name, value in entry["metrics"].items()
                if value is not None
            ),
        ]
        for entry in runs
    ]
    text.print_table(["id", "distance", "state", "changed", "metrics"], rows, ["distance"])
