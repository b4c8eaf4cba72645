"""`runicorn move-artifacts`: move the contents of artifacts between a storage root and a bucket."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runicorn.artifacts.store import Store
from runicorn.settings import user
from runicorn.store.progress import show_progress
from runicorn.store.units import format_bytes, number_of
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE

if TYPE_CHECKING:
    from runicorn.artifacts.s3.mover import Mover, Outcome


def move_artifacts(
    bucket: Annotated[str, typer.Argument(metavar="URL", help="The bucket: s3://bucket/prefix.")],
    back: Annotated[bool, typer.Option("--back", help="From the bucket into the storage root.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Copy, and remove nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print how much would be moved.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Move the contents of artifacts from the storage root into an S3 bucket, or back.

    Viewers that use the bucket may run, and so may trainings. Each content is removed only after the other side has it,
    verified. An interrupted move is continued by the same command.

    Examples:

      runicorn move-artifacts s3://lab/artifacts --dry-run

      runicorn move-artifacts s3://lab/artifacts

      runicorn move-artifacts s3://lab/artifacts --back
    """
    root = common.existing_root(storage)
    with common.exit_on_error():
        from runicorn.artifacts.s3.binding import POOL, bind
        from runicorn.artifacts.s3.mover import Mover

        os.environ[POOL] = bucket
        store = Store(root)
        bound = bind(root, store.path, bucket, dry_run=True)
        where = f"from {bound.url} into {root}" if back else f"from {root} into {bound.url}"
        mover = Mover(store, bound, keep=keep)
        if dry_run:
            contents = mover.in_bucket() if back else mover.in_folder()
            amount = _amount(len(contents), sum(size for _, size in contents))
            typer.echo(f"Would {'copy' if keep else 'move'} {amount} {where}.")
            return
        if not (back or keep):
            _require_no_other_viewer(root, bound.url)
        with mover.only_one():
            bind(root, store.path, bucket)  # another move may have unbound it until now
            outcome = _move(mover, bound.url, back)
    for sentence in outcome.problems:
        common.print_error(sentence)
    typer.echo(f"{'Copied' if keep else 'Moved'} {_amount(outcome.contents, outcome.bytes)} {where}.")
    if outcome.is_unbound:
        typer.echo(f"{bound.url} is empty and no longer used: start viewers without it.")
    if outcome.problems:
        raise typer.Exit(FAILED)


def _move(mover: Mover, url: str, back: bool) -> Outcome:
    contents = mover.in_bucket() if back else mover.in_folder()
    progress = show_progress(f"{url}:", sum(size for _, size in contents))
    try:
        return (mover.to_folder if back else mover.to_bucket)(contents, progress)
    finally:
        progress.close()


def _amount(count: int, size: int) -> str:
    return f"{number_of(count, 'content')} ({format_bytes(size)})"


def _require_no_other_viewer(root: Path, url: str) -> None:
    """Exit if a viewer of the user on this machine could not read what is moved."""
    for viewer in user.running_viewers():
        own = viewer.get("artifact_pool") or ""
        if viewer["root"] == os.path.realpath(root) and own.rstrip("/") != url:
            common.exit_with(
                f"The viewer at {viewer['url']} does not use {url}: "
                f"restart it with --artifact-pool {url}, or stop it.",
                NOT_AVAILABLE,
            )
