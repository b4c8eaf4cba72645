"""`runicorn sync`: runs of another machine come here, or what a server did not get yet goes there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from runicorn.cli.support import common
from runicorn.cli.support.exits import FAILED, USAGE
from runicorn.settings import user
from runicorn.store.units import format_bytes

WATCH_SECONDS = 10.0
LONGEST_PAUSE = 300.0


def sync(
    what: Annotated[
        list[str], typer.Argument(help="user@host:/data/store, or ids of runs that log to a server.")
    ],
    into: Annotated[Path | None, typer.Option(help="The store here that takes the runs.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="With the versions of artifacts that the runs made or used.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the SSH server.")] = 22,
    key: Annotated[
        Path | None, typer.Option(help="A private key; else the agent, ~/.ssh, a password.")
    ] = None,
    python: Annotated[
        str, typer.Option(help="The Python over there that may have Runicorn; '' for no attempt.")
    ] = "python3",
    url: Annotated[str, typer.Option(help="The server that gets the runs; else the one they log to.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Mirror the store of another machine over SSH, or send a server what is left of runs that log to it.

    Examples:

      runicorn sync me@gpu7:/data/store --watch

      runicorn sync 20260114_153045_a1b2c3
    """
    if not any(character in text for text in what for character in ":/@"):
        from runicorn.cli.upload import send

        send(common.existing_root(storage), what, url, as_json)
        return
    from runicorn.cli.support.ssh import Far

    if len(what) > 1:
        common.exit_with("One store at a time.", USAGE)
    root = user.storage_root(into or storage)
    with common.exit_on_error():
        root.mkdir(parents=True, exist_ok=True)
        _mirror(Far.of(what[0], port, key), Wanted(root, python, artifacts, watch, as_json))


class Wanted(NamedTuple):
    """What is to be mirrored, and how."""

    root: Path
    python: str
    artifacts: bool
    watch: bool
    as_json: bool


def _mirror(far: Any, wanted: Wanted) -> None:
    """Visit once, or again and again until Ctrl-C."""
    with far:
        try:
            _visit(far, wanted)
        except KeyboardInterrupt:
            if not wanted.watch:
                raise


def _visit(far: Any, wanted: Wanted) -> None:
    """A connection that was lost while watching is made anew, after longer and longer pauses."""
    from runicorn.cli.support.ssh import Unreached

    pause = WATCH_SECONDS
    while True:
        try:
            result = far.mirror(wanted.root, wanted.python, wanted.artifacts)
        except Unreached as error:
            if not (wanted.watch and error.passing):
                common.exit_with(str(error), error.code)
            common.print_error(str(error))
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            pause = WATCH_SECONDS
            _say(result, wanted.as_json, wanted.watch)
        if not wanted.watch:
            if result["failed_count"]:
                raise typer.Exit(FAILED)
            return
        time.sleep(pause)


def _say(result: dict[str, Any], as_json: bool, watch: bool) -> None:
    if as_json:
        common.print_json(result)
        return
    for problem in result["problems"]:
        common.print_error(problem)
    if result.get("skipped"):
        if not watch:
            typer.echo("Everything is up to date.")
        return
    words = f"{result['files_synced']} files, {format_bytes(result['bytes_downloaded'])} in {result['duration']:.1f} s"
    if count := result.get("artifacts_synced"):
        words += ", 1 version of an artifact" if count == 1 else f", {count} versions of artifacts"
    if result["deleted_count"]:
        words += f", {result['deleted_count']} runs into the recycle bin"
    if result["failed_count"]:
        words += f"; {result['failed_count']} failed and are tried again next time"
    typer.echo(words)
