"""`ExperimentManager` of Runicorn 0.5 to 0.7 over the runs of a store: tags, search, pins, recycle bin."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from runicorn.store import curation, find, layout
from runicorn.store.curation import RunFields

DAY = 86400.0


@dataclass
class ExperimentMetadata:
    """A run: its names, what users noted about it, and its times in Unix seconds."""

    id: str
    project: str
    name: str
    tags: list[str]
    description: str | None
    created_at: float
    updated_at: float
    archived: bool = False
    pinned: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ExperimentMetadata:
        """Return the object of such fields."""
        return cls(**data)


class _Run(NamedTuple):
    folder: Path
    status: str
    about: ExperimentMetadata


class ExperimentManager:
    """Tag, find, pin, archive and delete the runs of a store; viewers show the changes.

    Args:
        storage_root: the store.
    """

    def __init__(self, storage_root: str | os.PathLike[str]) -> None:
        self.storage_root = Path(storage_root).expanduser().absolute()

    @property
    def metadata(self) -> dict[str, ExperimentMetadata]:
        """Return all runs by id, without those in the recycle bin."""
        return {run.about.id: run.about for run in self._runs()}

    def add_experiment(
        self,
        run_id: str,
        project: str,
        name: str,
        tags: list[str] | None = None,
        description: str | None = None,
    ) -> ExperimentMetadata:
        """Set tags and description of an existing run; None keeps them.

        Raises:
            KeyError: there is no such run.
        """
        fields: RunFields = {} if tags is None else {"tags": list(tags)}
        if description is not None:
            fields["description"] = description
        if not self._note(run_id, lambda before: fields):
            raise KeyError(f"{self.storage_root} has no run {run_id}")
        return self.metadata[run_id]

    def tag_experiment(self, run_id: str, tags: list[str], append: bool = True) -> bool:
        """Add tags to a run, or replace them; return whether it exists."""
        return self._note(
            run_id,
            lambda before: {"tags": list(dict.fromkeys([*(before["tags"] if append else ()), *tags]))},
        )

    def archive_experiment(self, run_id: str, archive: bool = True) -> bool:
        """Archive a run, or take it back; return whether it exists."""
        return self._note(run_id, lambda before: {"archived": archive})

    def pin_experiment(self, run_id: str, pin: bool = True) -> bool:
        """Pin or unpin a run; return whether it exists."""
        return self._note(run_id, lambda before: {"pinned": pin})

    def search_experiments(
        self,
        project: str | None = None,
        tags: list[str] | None = None,
        text: str | None = None,
        archived: bool | None = False,
        pinned: bool | None = None,
    ) -> list[ExperimentMetadata]:
        """Return the matching runs, last changed first.

        Args:
            tags: all of these.
            text: a part of name, project, description or tags.
            archived: whether archived runs are included.
        """
        matches = [
            run.about
            for run in self._runs()
            if (archived or not run.about.archived)
            and project in (None, "", run.about.project)
            and set(tags or ()) <= set(run.about.tags)
            and pinned in (None, run.about.pinned)
            and (text or "").lower() in _words(run.about)
        ]
        return sorted(matches, key=lambda about: about.updated_at, reverse=True)

    def delete_experiments(self, run_ids: Iterable[str], force: bool = False) -> dict[str, bool]:
        """Move runs to the recycle bin; return for each id whether it was moved. Running runs never are.

        Args:
            force: pinned runs, too.
        """
        runs = {run.about.id: run for run in self._runs()}
        results = {}
        for run_id in run_ids:
            run = runs.get(run_id)
            is_kept = run is None or run.status == layout.RUNNING or (run.about.pinned and not force)
            results[run_id] = (
                not is_kept
                and run is not None
                and curation.put_into_bin(self.storage_root, run.folder, run.status)
            )
            if run is not None and results[run_id]:
                curation.stir(run.folder)
        return results

    def cleanup_old_experiments(self, days: int = 30, dry_run: bool = True) -> list[str]:
        """Return the ids of runs without a change for so many days, and delete them unless it is a dry run."""
        before = time.time() - days * DAY
        old = [
            run.about.id
            for run in self._runs()
            if run.about.updated_at < before and not (run.about.pinned or run.about.archived)
        ]
        return old if dry_run else [run_id for run_id, ok in self.delete_experiments(old).items() if ok]

    def get_experiment_stats(self) -> dict[str, Any]:
        """Return the numbers of runs: total, archived, pinned, active, by project; and all tags."""
        runs = list(self.metadata.values())
        archived = sum(run.archived for run in runs)
        projects = dict.fromkeys(sorted({run.project for run in runs}), 0)
        for run in runs:
            projects[run.project] += 1
        numbers = {"total": len(runs), "archived": archived, "pinned": sum(run.pinned for run in runs)}
        tags = sorted({tag for run in runs for tag in run.tags})
        return {**numbers, "projects": projects, "tags": tags, "active": len(runs) - archived}

    def _note(self, run_id: str, changes: Callable[[RunFields], RunFields]) -> bool:
        for run in self._runs(find.find(self.storage_root, run_id)):
            fields = asdict(run.about) | {"description": run.about.description or ""}
            curation.note(self.storage_root, run.folder, fields, changes)
            curation.stir(run.folder)
            return True
        return False

    def _runs(self, folders: Iterable[str] | None = None) -> Iterator[_Run]:
        for relative in find.all_runs(self.storage_root) if folders is None else folders:
            folder = self.storage_root / relative
            if (folder / layout.DELETED).exists():
                continue
            meta, status, noted = (
                layout.read_json(folder / name)[0] for name in (layout.META, layout.STATUS, layout.CURATION)
            )
            yield _Run(folder, str(status.get("status", "")), _metadata(folder, meta, noted))


def _metadata(folder: Path, meta: dict[str, Any], noted: dict[str, Any]) -> ExperimentMetadata:
    changed = max((entry.stat().st_mtime for entry in os.scandir(folder) if entry.is_file()), default=0.0)
    created = meta.get("created_at")
    tags = noted.get("tags", meta.get("tags"))
    return ExperimentMetadata(
        folder.name,
        str(noted.get("project", meta.get("project", ""))),
        str(meta.get("name", "")),
        [str(tag) for tag in tags] if isinstance(tags, list) else [],
        str(noted.get("description", meta.get("notes")) or "") or None,
        float(created) if isinstance(created, (int, float)) else changed,
        changed,
        noted.get("archived") is True,
        noted.get("pinned") is True,
    )


def _words(about: ExperimentMetadata) -> str:
    return " ".join([about.name, about.project, about.description or "", *about.tags]).lower()
