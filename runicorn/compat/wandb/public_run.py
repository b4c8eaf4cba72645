"""A run as `wandb.Api` returns it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from runicorn.artifacts.artifact import Artifact as Stored
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.names import parse_spec
from runicorn.artifacts.store import Store
from runicorn.compat import artifacts
from runicorn.compat.saved_files import FILES
from runicorn.compat.unknown import UnknownMethods, quiet
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.summary_view import NestedSummary
from runicorn.store import layout
from runicorn.store.journal.records import metric_records

STATES = {layout.RUNNING: "running", layout.FINISHED: "finished", layout.FAILED: "failed"}


class PublicRun(UnknownMethods):
    """A stored run, read when an attribute is used."""

    _foreign_name = "wandb.apis.public.Run"
    _artifact_type = Artifact
    load = quiet("load")
    update = quiet("update")

    def __init__(self, root: Path, place: str) -> None:
        self._root, self._folder = root, root / place
        self.storage_id = self._folder.name

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"

    def _read(self, file: str) -> dict[str, Any]:
        return layout.read_json(self._folder / file)[0]

    @cached_property
    def _meta(self) -> dict[str, Any]:
        return {
            **self._read(layout.META),
            **{
                k: v
                for k, v in self._read(layout.CURATION).items()
                if k in ("tags", "display_name") and v != ""
            },
        }

    @cached_property
    def _stored_config(self) -> dict[str, Any]:
        return self._read(layout.CONFIG)

    @property
    def is_deleted(self) -> bool:
        return (self._folder / layout.DELETED).exists()

    @property
    def id(self) -> str:
        """Return the id that the script gave, else ours."""
        return str(self._stored_config.get("wandb.id") or self.storage_id)

    @property
    def name(self) -> str:
        names = self._meta.get("display_name"), self._stored_config.get("wandb.name"), self._meta.get("name")
        return str(next(filter(None, names), ""))

    display_name = name

    @property
    def project(self) -> str:
        return str(self._meta.get("project") or "")

    @property
    def entity(self) -> str:
        return str(self._stored_config.get("wandb.entity") or "")

    @property
    def job_type(self) -> str:
        return str(self._stored_config.get("wandb.job_type") or "")

    @property
    def group(self) -> str:
        return str(self._meta.get("group") or "")

    @property
    def notes(self) -> str:
        return str(self._meta.get("notes") or "")

    description = notes

    @property
    def tags(self) -> list[str]:
        return list(self._meta.get("tags") or ())

    @property
    def path(self) -> list[str]:
        """Return entity, project and id."""
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str:
        """Return the page of the run in a viewer with default settings."""
        return f"http://127.0.0.1:23300/runs/{self.storage_id}"

    @property
    def state(self) -> str:
        """Return running, finished, failed or crashed."""
        return STATES.get(self._read(layout.STATUS).get("status", ""), "crashed")

    @property
    def started(self) -> float:
        return float(self._meta.get("created_at") or 0)

    @property
    def created_at(self) -> str:
        """Return the start in ISO format, UTC."""
        return datetime.fromtimestamp(self.started, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    createdAt = created_at

    @property
    def config(self) -> dict[str, Any]:
        """Return the config, with dotted keys as nested dicts."""
        nested: dict[str, Any] = {}
        for key, value in self._stored_config.items():
            *above, last = key.split(".")
            place = nested
            for part in above:
                inner = place.get(part)
                place[part] = place = inner if isinstance(inner, dict) else {}
            place[last] = value
        nested.pop("wandb", None)
        return nested

    rawconfig = config

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Return the last value of each metric, and the entries that the script set."""
        latest: dict[str, Any] = {}
        for row in self._rows():
            latest.update(row)
        return NestedSummary({**latest, **self._read(layout.SUMMARY)})

    @property
    def summary_metrics(self) -> dict[str, Any]:
        return self.summary

    @property
    def metadata(self) -> dict[str, Any]:
        return self._read(layout.ENVIRONMENT)

    @property
    def lastHistoryStep(self) -> int:
        """Return the last step; -1 without one."""
        return max((row["_step"] for row in self._rows()), default=-1)

    def scan_history(
        self,
        keys: list[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield a row for each step, with `_step` and `_timestamp`; with `keys`, rows that have all of them."""
        for row in self._rows():
            inside = (min_step is None or row["_step"] >= min_step) and (
                max_step is None or row["_step"] < max_step
            )
            if inside and (not keys or all(key in row for key in keys)):
                yield {key: row[key] for key in keys} if keys else row

    def history(
        self,
        samples: int = 500,
        keys: list[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> Any:
        """Return at most `samples` rows, evenly spaced: a data frame of pandas where it is installed, else a list."""
        requested = [x_axis, *(key for key in keys if key != x_axis)] if keys else None
        rows = [
            {key: row[key] for key in requested if key in row} if requested else row
            for row in self._rows()
            if not keys or any(key in row for key in keys)
        ]
        if len(rows) > samples:
            rows = [rows[n * len(rows) // samples] for n in range(samples)]
        if not pandas:
            return rows
        try:
            import pandas as pd
        except ImportError:
            return rows
        return pd.DataFrame.from_records(rows)

    def _rows(self) -> list[dict[str, Any]]:
        steps: dict[int, dict[str, Any]] = {}
        for record in metric_records(self._folder):
            step = record.pop("global_step", 0)
            moment = record.pop("time", None)
            record.pop("stage", None)
            row = steps.setdefault(step if isinstance(step, int) else 0, {"_step": step})
            row.update(record, _timestamp=moment)
        return [steps[step] for step in sorted(steps)]

    def files(self, names: list[str] | None = None, per_page: int = 50, **options: Any) -> list[PublicFile]:
        base = self._folder / FILES
        paths = sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
        return [PublicFile(base, path) for path in paths if not names or path in names]

    def file(self, name: str) -> PublicFile:
        return PublicFile(self._folder / FILES, name)

    def logged_artifacts(self, per_page: int = 100) -> list[Artifact]:
        """Return the versions that the run created."""
        return self._versions(layout.ARTIFACTS_CREATED)

    def used_artifacts(self, per_page: int = 100) -> list[Artifact]:
        return self._versions(layout.ARTIFACTS_USED)

    def _versions(self, file: str) -> list[Artifact]:
        store, versions = Store(self._root), []
        for entry in self._read(file).get("artifacts") or ():
            spec = f"{artifacts.fit_type(entry.get('type', ''))}/{entry.get('name')}:v{entry.get('version')}"
            try:
                versions.append(self._artifact_type._of(Stored.of(store.resolve(parse_spec(spec)))))
            except ArtifactError:  # deleted since
                continue
        return versions


class PublicFile:
    """A file that a script saved.

    Attributes:
        name: its path in the folder of the run's files.
    """

    def __init__(self, base: Path, name: str) -> None:
        self._path, self.name = base / name, name

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def download(self, root: str = ".", replace: bool = False, exist_ok: bool = False, **options: Any) -> Any:
        """Copy it into a folder, and return it open for reading."""
        target = Path(root, self.name)
        if target.exists() and not (replace or exist_ok):
            raise ValueError(f"File {target} exists; pass replace=True or exist_ok=True")
        target.parent.mkdir(parents=True, exist_ok=True)
        if replace or not target.exists():
            shutil.copyfile(self._path, target)
        return target.open(encoding="utf-8", errors="replace")
