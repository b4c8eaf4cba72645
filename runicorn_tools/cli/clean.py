"""`runicorn clean`: list and remove unneeded data of a store."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.artifacts import garbage
from runicorn.artifacts.errors import DamagedFile
from runicorn.artifacts.store import Store
from runicorn.store.units import format_bytes, number_of
from runicorn_tools import cleaning
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, USAGE

DAY = 86400.0


@dataclass
class Candidates:
    """Removable data of a store.

    Attributes:
        zombies, old: runs for the recycle bin.
        leftovers: files with their bytes.
        garbage: of the pool of artifacts.
    """

    zombies: list[cleaning.Candidate] = field(default_factory=list)
    old: list[cleaning.Candidate] = field(default_factory=list)
    leftovers: list[tuple[Path, int]] = field(default_factory=list)
    garbage: garbage.Garbage = field(default_factory=garbage.Garbage)

    def __bool__(self) -> bool:
        return bool(self.zombies or self.old or self.leftovers or self.garbage)

    @property
    def bytes(self) -> int:
        """Return the bytes freed at once; runs free nothing until the recycle bin is emptied."""
        return self.garbage.bytes + sum(count for _, count in self.leftovers)


@dataclass
class CleanupResult:
    """Result of the removal.

    Attributes:
        binned: ids of runs moved to the recycle bin.
        skipped: messages about runs that were not moved.
        freed: freed bytes.
    """

    binned: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    freed: int = 0


def clean(
    zombie: Annotated[
        bool,
        typer.Option("--zombie", help="Runs of this machine whose process died without ending them."),
    ] = False,
    temp: Annotated[bool, typer.Option("--temp", help="Leftover files of interrupted writes.")] = False,
    dedup: Annotated[
        bool, typer.Option("--dedup", help="Contents without a version of an artifact.")
    ] = False,
    older_than: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="DAYS",
            help="With --zombie and --temp, only what was not written for this many days; "
            "else runs that ended so long ago and are not pinned.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be freed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Clean without confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    storage: Annotated[Path | None, typer.Option(help="The storage root.")] = None,
) -> None:
    """Remove unneeded data of a store and free disk space.

    Runs are moved to the recycle bin and can be restored; running runs are never touched.
    Lists everything before it is removed.

    Examples:

      runicorn clean --zombie --temp --older-than 30 --dry-run

      runicorn clean --dedup --force
    """
    old = older_than is not None and not (zombie or temp)
    if not (zombie or temp or dedup or old):
        common.exit_with("Specify what to clean: --zombie, --temp, --dedup or --older-than DAYS", USAGE)
    root = common.existing_root(storage)
    with common.exit_on_error():
        candidates = _find_candidates(root, older_than or 0.0, zombie, old, temp, dedup)
        if not as_json:
            for line in _in_words(candidates, zombie, old, older_than, temp, dedup):
                typer.echo(common.printable(line))
        if dry_run or not candidates:
            _report(candidates, None, as_json)
            if candidates.garbage.damaged:
                raise typer.Exit(FAILED)
            return
        if not common.confirm("Go on?", force, "--force"):
            typer.echo("Cancelled.")
            return
        result = _remove(root, candidates)
        _report(candidates, result, as_json)
        if result.skipped or candidates.garbage.damaged:
            raise typer.Exit(FAILED)


def _find_candidates(root: Path, days: float, zombie: bool, old: bool, temp: bool, dedup: bool) -> Candidates:
    now = time.time()
    before = now - days * DAY
    return Candidates(
        list(cleaning.zombies(root, before, now)) if zombie else [],
        list(cleaning.ended(root, before)) if old else [],
        list(cleaning.leftovers(root, min(before, now - cleaning.LEFTOVER_SECONDS))) if temp else [],
        _find_garbage(root) if dedup else garbage.Garbage(),
    )


def _find_garbage(root: Path) -> garbage.Garbage:
    """Return the unused contents; none, after naming it, if a manifest is damaged."""
    store = Store(root)
    try:
        return garbage.find(store)
    except DamagedFile:
        names = garbage.damaged_versions(store)
    for name in names:
        common.print_error(
            f"The manifest of {name} is damaged, so it is unknown which contents it uses, and none is removed. "
            f"Restore manifest.json in its folder from a backup, or delete this version on its page; then clean again."
        )
    return garbage.Garbage(damaged=names)


def _remove(root: Path, candidates: Candidates) -> CleanupResult:
    result = CleanupResult()
    for reason, runs in (("cleaned_zombie", candidates.zombies), ("cleaned_old", candidates.old)):
        for run in runs:
            try:
                cleaning.move_to_bin(root, run, reason)
                result.binned.append(run.run_id)
            except cleaning.RunResumed as error:
                result.skipped.append(str(error))
    result.freed = cleaning.remove(path for path, _ in candidates.leftovers)
    if candidates.garbage:
        result.freed += garbage.collect(Store(root), candidates.garbage).bytes
    return result


def _in_words(
    candidates: Candidates, zombie: bool, old: bool, days: float | None, temp: bool, dedup: bool
) -> list[str]:
    """Return a line for each requested kind."""
    lines = []
    if zombie:
        lines += _runs(candidates.zombies, "whose process is gone")
    if old:
        lines += _runs(candidates.old, f"that ended more than {days:g} days ago")
    if temp:
        leftover_bytes = sum(count for _, count in candidates.leftovers)
        lines.append(
            f"{number_of(len(candidates.leftovers), 'file')} left by interrupted writes: {_amount(leftover_bytes)} can be freed"
        )
    if dedup:
        rests = f"{number_of(len(candidates.garbage.rests), 'leftover')} of interrupted work"
        lines.append(
            f"{number_of(len(candidates.garbage.blobs), 'content')} without a version, {rests}: "
            f"{_amount(candidates.garbage.bytes)} can be freed"
        )
    return lines


def _runs(runs: list[cleaning.Candidate], which: str) -> list[str]:
    if not runs:
        return [f"No run {which}"]
    size = _amount(sum(run.bytes for run in runs))
    line = f"{number_of(len(runs), 'run')} {which}, with {size}, for the recycle bin: emptying it frees that"
    return [line, *(f"  {run.run_id}  {run.status}  {common.format_time(run.touched)}" for run in runs)]


def _amount(count: int) -> str:
    return f"{format_bytes(count)} ({count:,} bytes)"


def _report(candidates: Candidates, result: CleanupResult | None, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {
            "zombies": [run.run_id for run in candidates.zombies],
            "old": [run.run_id for run in candidates.old],
            "run_bytes": sum(run.bytes for run in (*candidates.zombies, *candidates.old)),
            "leftovers": [str(path) for path, _ in candidates.leftovers],
            "blobs": len(candidates.garbage.blobs),
            "rests": len(candidates.garbage.rests),
            "damaged": list(candidates.garbage.damaged),
            "bytes": candidates.bytes,
            "binned": result.binned if result else [],
            "kept": result.skipped if result else [],
            "freed_bytes": result.freed if result else 0,
        }
        common.print_json(answer)
        return
    if result is None:
        return
    if candidates.zombies or candidates.old:
        typer.echo(f"Moved to the recycle bin: {number_of(len(result.binned), 'run')}")
    for sentence in result.skipped:
        common.print_error(f"Not moved: {sentence}")
    if candidates.leftovers or candidates.garbage:
        typer.echo(f"{result.freed:,} bytes were freed")
