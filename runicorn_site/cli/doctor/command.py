"""`runicorn doctor`: print one line for each check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runicorn.settings import user
from runicorn_site.cli.doctor import bucket, checks
from runicorn_site.cli.doctor.checks import Level
from runicorn_tools.cli.support import common

MARKS = {Level.OK: "✓", Level.NOTE: "·", Level.WARNING: "!", Level.PROBLEM: "✗"}


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port that viewers use.")] = 23300,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Check Python, the installed distributions, the storage root, the database, the port, the machine and the bucket.

    Exits with 0 without problems, else with the code of the first one: 1 failed, 2 wrong configuration, 3 not permitted,
    4 not available. Warnings are no problems.

    Examples:

      runicorn doctor

      runicorn doctor --json
    """
    findings = [*checks.run_all(storage, port), *bucket.run_all(user.storage_root(storage))]
    if as_json:
        common.print_json([finding._asdict() for finding in findings])
    else:
        common.print_table(
            ("", "", ""), [(MARKS[finding.level], finding.check, finding.text) for finding in findings]
        )
    raise typer.Exit(next((finding.exit_code for finding in findings if finding.level == Level.PROBLEM), 0))
