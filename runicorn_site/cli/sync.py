"""`runicorn sync`: mirror a remote store, or finish the upload of runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from runicorn.settings import user
from runicorn.store.units import format_bytes, number_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE

if TYPE_CHECKING:
    from runicorn_tools.sync.result import SyncResult

WATCH_SECONDS = 10.0
LONGEST_PAUSE = 300.0


def sync(
    what: Annotated[
        list[str], typer.Argument(help="user@host:/data/store, or ids of runs that log to a server.")
    ],
    into: Annotated[Path | None, typer.Option(help="The local storage root to mirror into.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until Ctrl-C.")] = False,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="Include the artifact versions that the runs created or used.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the SSH server.")] = 22,
    key: Annotated[
        Path | None, typer.Option(help="A private key file; default: agent, ~/.ssh, password.")
    ] = None,
    python: Annotated[str, typer.Option(help="The remote Python with Runicorn; '' for none.")] = "python3",
    url: Annotated[str, typer.Option(help="The server to upload to; default: the one the runs log to.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Mirror the store of a remote host over SSH, or finish the upload of runs to their server.

    Examples:

      runicorn sync me@gpu7:/data/store --watch

      runicorn sync 20260114_153045_a1b2c3
    """
    if not any(character in text for text in what for character in ":/@"):
        send(common.existing_root(storage), what, url, as_json)
        return
    from runicorn_site.cli.support.ssh import RemoteStore

    if len(what) > 1:
        common.exit_with("Only one store can be mirrored at a time.", USAGE)
    root = user.storage_root(into or storage)
    with common.exit_on_error():
        root.mkdir(parents=True, exist_ok=True)
        _mirror(RemoteStore.of(what[0], port, key), MirrorOptions(root, python, artifacts, watch, as_json))


class MirrorOptions(NamedTuple):
    """Options of a mirror."""

    root: Path
    python: str
    artifacts: bool
    watch: bool
    as_json: bool


def _mirror(far: Any, options: MirrorOptions) -> None:
    """Sync once, or repeatedly until Ctrl-C."""
    with far:
        try:
            _run(far, options)
        except KeyboardInterrupt:
            if not options.watch:
                raise


def _run(far: Any, options: MirrorOptions) -> None:
    """Sync; with --watch repeat, and reconnect after growing pauses."""
    from runicorn_site.cli.support.ssh import Unreachable

    pause = WATCH_SECONDS
    while True:
        try:
            result = far.mirror(options.root, options.python, options.artifacts)
        except Unreachable as error:
            if not (options.watch and error.is_temporary):
                common.exit_with(str(error), error.code)
            common.print_error(str(error))
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            pause = WATCH_SECONDS
            _print_result(result, options.as_json, options.watch)
        if not options.watch:
            if result["failed_count"]:
                raise typer.Exit(FAILED)
            return
        time.sleep(pause)


def _print_result(result: SyncResult, as_json: bool, watch: bool) -> None:
    if as_json:
        common.print_json(result)
        return
    for problem in result["problems"]:
        common.print_error(problem)
    if result.get("skipped"):
        if not watch:
            typer.echo("Everything is up to date.")
        return
    words = f"{number_of(result['files_synced'], 'file')}, {format_bytes(result['bytes_downloaded'])} in {result['duration']:.1f} s"
    if count := result.get("artifacts_synced"):
        words += f", {number_of(count, 'artifact version')}"
    if result["deleted_count"]:
        words += f", {number_of(result['deleted_count'], 'run')} moved to the recycle bin"
    if result["failed_count"]:
        words += f"; {result['failed_count']} failed and will be retried"
    typer.echo(words)


def send(root: Path, run_ids: list[str], url: str, as_json: bool) -> None:
    """Upload runs; exit with 1 if something could not be sent, with 4 if a run does not exist."""
    from runicorn.upload.rest import CannotUpload, upload_rest

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
