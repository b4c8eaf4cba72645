"""Import of an archive: unpack and validate everything, then place each run and version by one rename."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from runicorn import _platform
from runicorn.artifacts import import_commit as commit
from runicorn.artifacts.store import Store
from runicorn.capture.sources import record as sources
from runicorn.store import curation, find, layout, removal
from runicorn.store.containment import check_inside
from runicorn.store.progress import NO_PROGRESS, Progress
from runicorn.store.project import analysis, boards, description, documents
from runicorn.store.run_files import pack_of
from runicorn_tools.archives import versions
from runicorn_tools.archives.limits import ArchiveRefused, Limits, configured
from runicorn_tools.archives.paths import Kind
from runicorn_tools.archives.staging import LOCK, Unpacked, staging, unpack

THERE = "it already exists in the store"
OTHER = "the store has another version of that number"
NO_RUN = "it has none of the files that identify a run"
SHARED = "its folder in the store contains another run, or files of another program"
RUNNING = "it is running"


@dataclass
class Outcome:
    """Result of an import, or of a dry run.

    Attributes:
        runs: folders of new runs, relative to the root.
        replaced: folders of runs that replaced a run of the same id.
        left: runs and versions that were not imported, each with the reason.
        versions: new versions of artifacts.
        boards: boards that are new or were replaced, relative to the root.
        descriptions: descriptions of projects that are new or were replaced, relative to the root.
        analyses: baselines and formulas of projects, the same.
        documents: entries of notebooks, and reports, the same.
        replaceable: number of runs in `left` that `overwrite` would replace.
        files: number of imported files, and `bytes` their size.
    """

    runs: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    replaceable: int = 0
    boards: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    analyses: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    @property
    def new(self) -> list[str]:
        """Paths, or names of versions, of everything new; with `overwrite` also of replaced files of projects."""
        return [
            *self.runs,
            *self.versions,
            *self.boards,
            *self.descriptions,
            *self.analyses,
            *self.documents,
        ]


def import_archive(
    root: Path,
    file: IO[bytes],
    *,
    overwrite: bool = False,
    dry_run: bool = False,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Add the runs and artifacts of an archive to a store.

    Args:
        file: the archive, open for reading.
        overwrite: replace existing runs that are not running; versions of artifacts are never replaced.
        dry_run: only report what would be done, after unpacking and validating everything.
        limits: limits of the archive; by default those of the environment.
        progress: receives the number of unpacked bytes.

    Raises:
        ArchiveRefused: it is damaged, exceeds a limit, or contains foreign files; the store is unchanged.
        ValueError: a limit in the environment is malformed.
        OSError: it cannot be read, or the store cannot be written; runs placed before are complete.
    """
    with staging(root) as folder:
        unpacked = unpack(file, folder, limits or configured(), progress or NO_PROGRESS)
        shelves = Store(root)
        arriving, unreadable = versions.arrivals(shelves, unpacked)
        runs = _runs(folder, unpacked)
        if unreadable and not runs and not arriving:
            owner, problem = next(iter(unreadable.items()))
            raise ArchiveRefused(
                "The archive's version {owner} was rejected: {problem}.", owner=repr(owner), problem=problem
            )
        if not runs and not arriving:
            raise ArchiveRefused("The archive contains neither runs nor artifacts.")
        for relative in runs:
            _hold_inside(root, relative)
        _complete_sources(folder, runs)
        # One import at a time: the second import of an archive must find what the first has placed.
        with _platform.file_lock(curation.private_folder(root) / LOCK):
            outcome = Outcome(left=unreadable)
            new = _new_versions(arriving, outcome)
            for relative in [
                relative_path for relative_path in runs if not find.is_run(folder / relative_path)
            ]:
                del runs[relative]
                outcome.left[relative] = NO_RUN
            staged = _new_runs(root, runs, outcome, overwrite=overwrite)
            if not dry_run:
                with shelves.in_use():
                    new = _place(root, folder.parent, shelves, new, staged, versions.contents(unpacked))
                for run in staged:
                    sources.settle(root, root / run.path, shelves.pool)
            _place_project_files(root, folder, unpacked, outcome, overwrite=overwrite, dry_run=dry_run)
            for arrival in new:
                outcome.versions.append(str(arrival))
                outcome.files += len(arrival.files)
                outcome.bytes += sum(file.size for file in arrival.files)
    return outcome


def _runs(folder: Path, unpacked: Iterable[Unpacked]) -> dict[str, list[Unpacked]]:
    files_by_run: dict[str, list[Unpacked]] = {}
    run_folders = set(find.all_runs(folder))
    for entry in unpacked:
        if entry.place.kind is Kind.RUN:
            above = (
                path.relative_to(folder).as_posix()
                for path in entry.path.parents
                if path.is_relative_to(folder)
            )
            owner = next((relative for relative in above if relative in run_folders), entry.place.owner)
            files_by_run.setdefault(owner, []).append(entry)
    ids: dict[str, str] = {}
    for relative in files_by_run:
        other = ids.setdefault(_id(relative), relative)
        if other != relative:
            raise ArchiveRefused(
                "The archive contains two runs with the same id: {other} and {relative}.",
                other=repr(other),
                relative=repr(relative),
            )
    return files_by_run


def _complete_sources(folder: Path, runs: dict[str, list[Unpacked]]) -> None:
    """Add packs of sources that the archive has once to all runs that have them."""
    packs = {
        digest: entry.path
        for entries in runs.values()
        for entry in entries
        if (digest := pack_of(entry.place.rest))
    }
    for relative in runs:
        about = layout.read_json(folder / relative / layout.SOURCES_FILE)[0]
        for digest in sources.packs_of(about).keys() & packs.keys():
            target = folder / relative / layout.SOURCES / packs[digest].name
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                sources.link_or_copy(packs[digest], target)


def _hold_inside(root: Path, relative: str) -> None:
    """Check that no folder above a run is a link."""
    above = root
    for part in relative.split("/")[:-1]:
        above = above / part
        if above.is_symlink():
            raise ArchiveRefused(
                "{relative} was rejected: {name} of the store is a link.",
                relative=repr(relative),
                name=repr(above.name),
            )


def _new_versions(arriving: list[versions.Arrival], outcome: Outcome) -> list[versions.Arrival]:
    new = []
    for arrival in arriving:
        if arrival.is_there:
            outcome.left[str(arrival)] = THERE if arrival.is_same else OTHER
        else:
            new.append(arrival)
    return new


def _new_runs(
    root: Path, runs: dict[str, list[Unpacked]], outcome: Outcome, *, overwrite: bool
) -> list[commit.StagedRun]:
    existing: dict[str, list[str]] = {}
    for relative in find.all_runs(root):
        existing.setdefault(_id(relative), []).append(relative)
    staged = []
    for relative, entries in sorted(runs.items()):
        before = existing.get(_id(relative), [])
        reason = _reason(root, before, overwrite)
        if not reason and relative not in before and os.path.lexists(root / relative):
            reason = SHARED
        if reason:
            outcome.left[relative] = reason
            outcome.replaceable += not _reason(root, before, overwrite=True)
            continue
        check_inside(root, root / relative)
        staged.append(commit.StagedRun(relative, before))
        (outcome.replaced if before else outcome.runs).append(relative)
        outcome.files += len(entries)
        outcome.bytes += sum(entry.size for entry in entries)
    return staged


def _place(
    root: Path,
    staging: Path,
    shelves: Store,
    new: list[versions.Arrival],
    runs: list[commit.StagedRun],
    there: Mapping[str, Unpacked],
) -> list[versions.Arrival]:
    """Complete all versions in the staging folder, commit, and place everything; return the placed versions."""
    staged = []
    for position, arrival in enumerate(new):
        folder = staging / commit.VERSIONS / str(position)
        folder.mkdir(parents=True)
        versions.build(shelves, arrival, there, folder)
        staged.append(
            commit.StagedVersion(
                arrival.folder.type, arrival.folder.name, arrival.number, arrival.alias_numbers
            )
        )
    commit.write(staging, runs, staged)
    dropped = commit.apply(root, staging)
    return [arrival for position, arrival in enumerate(new) if position not in dropped]


def _place_project_files(
    root: Path,
    folder: Path,
    unpacked: Iterable[Unpacked],
    outcome: Outcome,
    *,
    overwrite: bool,
    dry_run: bool,
) -> None:
    """Add the files of projects after the runs: each is one small file, and an invalid one is left out."""
    placed = {
        Kind.BOARD: outcome.boards,
        Kind.DESCRIPTION: outcome.descriptions,
        Kind.ANALYSIS: outcome.analyses,
        Kind.DOCUMENT: outcome.documents,
    }
    for entry in unpacked:
        if entry.place.kind not in placed:
            continue
        relative = entry.path.relative_to(folder).as_posix()
        is_there = os.path.lexists(root / relative) and not overwrite
        if reason := THERE if is_there else _place_project_file(root, folder, entry, dry_run=dry_run):
            outcome.left[relative] = reason
            continue
        placed[entry.place.kind].append(relative)
        outcome.files += 1
        outcome.bytes += entry.size


def _place_project_file(root: Path, folder: Path, entry: Unpacked, *, dry_run: bool) -> str:
    """Write a file of a project; return why it was not written, or ""."""
    project, name = entry.place.owner, entry.place.rest
    try:
        if entry.place.kind is Kind.BOARD:
            board_file = boards.read(folder, project, name)
            if board_file.error or dry_run:
                return board_file.error or ""
            boards.write(root, project, name, board_file.board)
        elif entry.place.kind is Kind.ANALYSIS:
            content, error = analysis.parse(
                _platform.read_regular(entry.path, analysis.CEILING + 1, follow_links=False)
            )
            if error or dry_run:
                return error or ""
            analysis.write(analysis.path_of(root, project), content)
        elif entry.place.kind is Kind.DOCUMENT:
            kind, _, document = name.partition("/")
            raw = _platform.read_regular(entry.path, documents.CEILING + 1, follow_links=False)
            if not dry_run or len(raw) > documents.CEILING:
                documents.place(root, project, kind, document, raw)
        elif not dry_run:
            description.write(root, project, description.read(folder, project))
    except documents.InvalidDocument as error:
        return str(error)
    except OSError as error:
        return f"it could not be written: {error.strerror}"
    return ""


def _reason(root: Path, before: list[str], overwrite: bool) -> str:
    """Return why an existing run is not replaced; "" if the run is imported."""
    if before and not overwrite:
        return THERE
    states = [layout.read_json(root / relative / layout.STATUS)[0].get("status") for relative in before]
    if layout.RUNNING in states:
        return RUNNING
    return "" if all(removal.is_replaceable(root / relative) for relative in before) else SHARED


def _id(relative: str) -> str:
    return relative.rpartition("/")[2]
