"""`runicorn rerun`: start a run again with the same sources, environment, arguments and data."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import runicorn
from runicorn_site.catalog import differences
from runicorn_site.catalog.base import Catalog, Query
from runicorn_site.catalog.entry import RunEntry
from runicorn_site.cli.runs import text
from runicorn_site.cli.runs.source import OneRun, Storage, opened, run_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE
from runicorn_tools.differences import project
from runicorn_tools.rerun import check as checking
from runicorn_tools.rerun import environment as environments
from runicorn_tools.rerun import plan as plans
from runicorn_tools.rerun import sources
from runicorn_tools.rerun.changes import Unchangeable
from runicorn_tools.rerun.command import NoCommand
from runicorn_tools.rerun.environment import NoEnvironment
from runicorn_tools.rerun.plan import Plan


def rerun(
    run: OneRun,
    change: Annotated[list[str] | None, typer.Option(help="KEY=VALUE: a setting of a variant.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare the result with the original.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="New folder of the sources; ./rerun-ID by default.")
    ] = None,
    secret: Annotated[list[str] | None, typer.Option(help="NAME=VALUE: a masked argument.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done.")] = False,
    here: Annotated[bool, typer.Option("--here", help="Use the packages here, whatever they are.")] = False,
    storage: Storage = None,
) -> None:
    """Start a run again, with its sources, packages, arguments, working directory and versions of artifacts.

    The sources are written into a new folder. If no interpreter here has the recorded packages, an environment is
    created by conda, uv, or venv and pip. What cannot be the same is printed before the start. The new run has the old
    one as its parent.

    Examples:

      runicorn rerun latest --check

      runicorn rerun 20260114_153045_a1b2c3 --change optim.lr=0.01 --folder variant
    """
    with opened("", None, storage) as catalog:
        entry = run_of(catalog, run, metrics=True)
        place = (folder or Path(f"rerun-{entry.id}")).resolve()
        if place.exists() and any(place.iterdir()):
            common.exit_with(f"{place} is not empty", USAGE)
        plan = _planned(catalog, entry, place, _pairs(secret or []), exact=not here)
        _print_plan(plan)
        if dry_run:
            for line in plan.shell():
                typer.echo(f"  {line}")
            return
        python = _prepared(plan, change or [])
        began = time.time()
        code = _started(plan, python)
        repeated = _repeated(catalog, entry, began)
        if repeated is not None:
            typer.echo(f"New run: {repeated.id}")
        if code:
            common.exit_with(f"The program exited with {code}", FAILED)
        if check and not _is_reproduced(catalog, entry, repeated):
            raise typer.Exit(FAILED)


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for item in texts:
        name, separator, value = item.partition("=")
        if not separator:
            common.exit_with("--secret needs NAME=VALUE", USAGE)
        pairs[name.lstrip("-")] = value
    return pairs


def _planned(catalog: Catalog, entry: RunEntry, place: Path, secrets: dict[str, str], *, exact: bool) -> Plan:
    try:
        return plans.make(differences.facts_of(catalog, entry), place, secrets=secrets, exact=exact)
    except (sources.Unrestorable, NoCommand) as error:
        common.exit_with(f"{entry.id} cannot be repeated. {error}", FAILED)


def _print_plan(plan: Plan) -> None:
    typer.echo(f"Run {plan.run.id} in {plan.folder}")
    kinds = {"existing": f"the interpreter {plan.environment.python}", "venv": "a new one by venv and pip"}
    kind = kinds.get(plan.environment.kind, f"a new one by {plan.environment.kind}")
    typer.echo(f"Environment: {kind}")
    typer.echo(common.printable(f"Command: {shlex.join(plan.words('python'))}"))
    for remark in plan.remarks:
        line = common.printable(f"Cannot be the same: {remark}")
        typer.echo(typer.style(line, fg="yellow") if text.has_color() else line)


def _prepared(plan: Plan, changes: Sequence[str]) -> str:
    """Write sources and environment; return the interpreter."""
    try:
        sources.restore(plan.run, plan.folder)
        plans.apply_changes(plan, changes)
        for sentence in plan.changes:
            typer.echo(common.printable(sentence))
        if plan.environment.kind == "existing":
            return plan.environment.python
        plan.helpers.mkdir(exist_ok=True)
        listing = "".join(f"{line}\n" for line in plan.environment.requirements)
        (plan.helpers / "requirements.txt").write_text(listing, encoding="utf-8")
        conda = plan.run.environment.get("conda_packages")
        if isinstance(conda, list):
            (plan.helpers / "conda.txt").write_text("".join(f"{line}\n" for line in conda), encoding="utf-8")
        if problem := environments.missing(plan.environment, plan.helpers):
            common.exit_with(
                f"{plan.run.id} cannot be repeated with its packages. {problem} --here uses those here",
                FAILED,
            )
        return environments.create(plan.environment, plan.helpers, _run)
    except (sources.Unrestorable, Unchangeable, NoEnvironment) as error:
        common.exit_with(str(error), FAILED)


def _run(command: Sequence[str]) -> int:
    typer.echo(f"$ {shlex.join(command)}")
    return subprocess.run(command, check=False).returncode


def _started(plan: Plan, python: str) -> int:
    """Run the program to its end, and return its exit code."""
    variables = {**os.environ, **plan.variables}
    variables.pop("PYTHONHOME", None)
    if plan.environment.kind != "existing":
        binaries = str(Path(python).parent)
        variables |= {
            "VIRTUAL_ENV": str(Path(python).parents[1]),
            "PATH": f"{binaries}{os.pathsep}{variables['PATH']}",
        }
    probe = [python, "-c", "import runicorn"]
    if subprocess.run(probe, env=variables, cwd=plan.folder, capture_output=True, check=False).returncode:
        paths = [str(_library(plan)), *filter(None, [variables.get("PYTHONPATH")])]
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    command = plan.words(python)
    typer.echo(common.printable(f"$ {shlex.join(command)}"))
    return subprocess.run(command, env=variables, cwd=plan.start_folder, check=False).returncode


def _library(plan: Plan) -> Path:
    """Return a folder with this installation of the SDK alone, for an environment without it."""
    folder = plan.helpers / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    package = Path(runicorn.__file__).parent
    if not (folder / package.name).exists():
        (folder / package.name).symlink_to(package)
    return folder


def _repeated(catalog: Catalog, entry: RunEntry, began: float) -> RunEntry | None:
    """Return the newest run that has another one as its parent."""
    for candidate in catalog.select(Query(limit=20)):
        meta = differences.facts_of(catalog, candidate).meta
        if meta.get("parent") == entry.id and candidate.created_at >= began - 1:
            return catalog.get(candidate.id)
    return None


def _is_reproduced(catalog: Catalog, entry: RunEntry, repeated: RunEntry | None) -> bool:
    if repeated is None:
        common.print_error("The program began no run.")
        return False
    facts = differences.facts_of(catalog, entry)
    replicas = project.replicas_among(facts, project.runs_before(facts.root, facts)[: project.LOOKED_AT])
    others = [replica for run in replicas if (replica := catalog.get(run.id)) is not None]
    results = checking.compare(_lasts(entry), _lasts(repeated), [_lasts(other) for other in others])
    rows = [
        [
            result.metric,
            *(("" if value is None else text.number(value)) for value in result[1:3]),
            result.state,
        ]
        for result in results
    ]
    if rows:
        text.print_table(["metric", "original", "repeated", "result"], rows, ["original", "repeated"])
    is_reproduced = bool(results) and all(result.is_reproduced for result in results)
    typer.echo(
        "Reproduced." if is_reproduced else "Not reproduced." if results else "The original has no metrics."
    )
    return is_reproduced


def _lasts(entry: RunEntry) -> dict[str, float]:
    return {
        name: figures.last
        for name, figures in entry.metrics.items()
        if figures.last is not None and not name.startswith("system/")
    }
