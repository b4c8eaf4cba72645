"""`runicorn clean`: what a store holds and nobody needs, said beforehand, and then just that removed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.artifacts import garbage
from runicorn.artifacts.progress import size
from runicorn.artifacts.store import Store
from runicorn.cli import asking
from runicorn.cli.exits import USAGE


def clean(
    dedup: Annotated[
        bool, typer.Option("--dedup", help="Contents that no version of an artifact holds any more.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be freed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Remove without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Free disk space that nothing in the store needs."""
    if not dedup:
        asking.stop("Say what to clean: --dedup", USAGE)
    store = Store(asking.existing_root(storage))
    with asking.told():
        found = garbage.find(store)
        if not as_json:
            typer.echo(_in_words(found))
        if dry_run or not found:
            _report(found, None, as_json)
            return
        if not asking.agreed("Remove that?", force, "--force"):
            typer.echo("Cancelled.")
            return
        _report(found, garbage.collect(store, found), as_json)


def _in_words(found: garbage.Garbage) -> str:
    contents = f"{len(found.blobs)} contents that no version holds"
    return f"{contents}, {len(found.rests)} rests of interrupted work: {size(found.bytes)} ({found.bytes:,} bytes) can be freed"


def _report(found: garbage.Garbage, removed: garbage.Garbage | None, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {
            "blobs": len(found.blobs),
            "rests": len(found.rests),
            "bytes": found.bytes,
            "freed_bytes": removed.bytes if removed else 0,
        }
        asking.show_json(answer)
    elif removed is not None:
        typer.echo(f"{removed.bytes:,} bytes were freed")
