"""Upload of runs by `runicorn sync RUN`."""

from __future__ import annotations

from pathlib import Path

import typer

from runicorn.cli.support import common
from runicorn.cli.support.exits import FAILED
from runicorn.upload.rest import CannotUpload, upload_rest


def send(root: Path, run_ids: list[str], url: str, as_json: bool) -> None:
    """Upload runs; exit with 1 if something could not be sent, with 4 if a run does not exist."""
    try:
        with common.exit_on_error():
            outcomes = upload_rest(root, run_ids, url)
    except CannotUpload as error:
        common.exit_with(str(error), error.exit_code)
    if as_json:
        common.print_json([outcome._asdict() for outcome in outcomes])
    for outcome in () if as_json else outcomes:
        if outcome.problem:
            common.print_error(str(outcome))
        else:
            typer.echo(str(outcome))
    if any(outcome.problem for outcome in outcomes):
        raise typer.Exit(FAILED)
