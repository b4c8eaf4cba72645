"""`wandb.Api`: runs, their history and artifacts, read from the storage root."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from runicorn.artifacts.artifact import Artifact as Stored
from runicorn.artifacts.errors import ArtifactError
from runicorn.artifacts.names import parse_spec
from runicorn.artifacts.store import Store
from runicorn.compat import artifacts
from runicorn.compat.unknown import UnknownMethods, quiet
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.errors import CommError, UsageError
from runicorn.compat.wandb.public_run import PublicRun
from runicorn.compat.wandb.run_filters import matches, sort_key
from runicorn.settings import user
from runicorn.store import find, layout

if TYPE_CHECKING:
    from runicorn.compat.wandb.sweeps.public_sweep import PublicSweep


class Project(UnknownMethods):
    """A project."""

    _foreign_name = "wandb.apis.public.Project"
    entity = ""

    def __init__(self, api: Api, name: str) -> None:
        self._api, self.name = api, name

    @property
    def path(self) -> list[str]:
        return [self.entity, self.name]


class Api(UnknownMethods):
    """Read access to runs and artifacts; the entity in a path is ignored."""

    _foreign_name = "wandb.Api"
    _artifact_type = Artifact
    _run_type = PublicRun
    _project_type = Project
    flush = quiet("flush")
    default_entity = ""

    def __init__(
        self, overrides: dict[str, Any] | None = None, timeout: int | None = None, api_key: str | None = None
    ) -> None:
        self.root = user.storage_root(None)
        self.settings: dict[str, Any] = dict(overrides or {})
        self._store = Store(self.root)

    def run(self, path: str = "") -> PublicRun:
        """Return the run `[entity/][project/]id`.

        Raises:
            CommError: it does not exist.
        """
        run_id = path.strip("/").rpartition("/")[2]
        for place in find.find(self.root, run_id):
            return self._run_type(self.root, place)
        runs = [run for run in self._all(_project_of(path, depth=2)) if run.id == run_id]
        if runs:  # several after `resume_from`
            return max(runs, key=lambda run: run.started)
        raise CommError(f"Could not find run {path}")

    def runs(
        self,
        path: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        **options: Any,
    ) -> Runs:
        """Return the runs of `[entity/]project`, or of all projects.

        Args:
            path: the project.
            filters: conditions on fields, `config.…` and `summary_metrics.…`, with MongoDB's operators.
            order: a field with + (ascending) or - (descending).
            per_page: ignored.
            **options: ignored.
        """
        matching = [run for run in self._all(_project_of(path or "")) if matches(run, filters or {})]
        name = order.lstrip("+-")
        matching.sort(key=lambda run: sort_key(run, name), reverse=order.startswith("-"))
        return Runs(matching)

    def sweep(self, path: str = "") -> PublicSweep:
        """Return the sweep `[entity/][project/]id`.

        Raises:
            CommError: it does not exist.
        """
        from runicorn.compat.wandb.sweeps.public_sweep import PublicSweep
        from runicorn.compat.wandb.sweeps.trials import find_sweep

        try:
            return PublicSweep(find_sweep(path))
        except UsageError as error:
            raise CommError(str(error)) from error

    def projects(self, entity: str | None = None, per_page: int = 200) -> list[Project]:
        names = {place.split("/")[0] for place in find.all_runs(self.root)}
        return [self._project_type(self, name) for name in sorted(names - {layout.RUNS})]

    def project(self, name: str, entity: str | None = None) -> Project:
        return self._project_type(self, name.rpartition("/")[2])

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """Return the version `[entity/project/]name:alias`.

        Raises:
            CommError: it does not exist.
        """
        try:
            version = self._store.resolve(parse_spec(artifacts.our_spec(name, type)))
        except ArtifactError as error:
            raise CommError(str(error)) from error
        return self._artifact_type._of(Stored.of(version))

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        try:
            return bool(self.artifact(name, type))
        except CommError:
            return False

    def artifacts(self, type_name: str, name: str, per_page: int = 50, tags: Any = None) -> list[Artifact]:
        """Return the versions of an artifact, newest first."""
        valid_name, kind = artifacts.fit_name(name.rpartition("/")[2]), artifacts.fit_type(type_name)
        folder = self._store.folder(kind, valid_name)
        return [
            self._artifact_type._of(Stored.of(folder.version(number))) for number in reversed(folder.live())
        ]

    def artifact_versions(self, type_name: str, name: str, per_page: int = 50) -> list[Artifact]:
        """Return the versions of an artifact, newest first."""
        return self.artifacts(type_name, name)

    def _all(self, project: str) -> Iterator[PublicRun]:
        for place in find.all_runs(self.root):
            if not project or place.split("/")[0] == project:
                run = self._run_type(self.root, place)
                if not run.is_deleted:
                    yield run


class Runs(list[PublicRun]):
    """A list of runs."""

    def histories(
        self, samples: int = 500, keys: list[str] | None = None, format: str = "default", **options: Any
    ) -> Any:
        """Return the history of all runs: a list of rows, or a data frame of pandas with the id of each run."""
        rows = [{**row, "run_id": run.id} for run in self for row in run.history(samples, keys, pandas=False)]
        if format != "pandas":
            return rows
        import pandas as pd

        return pd.DataFrame.from_records(rows)


def _project_of(path: str, depth: int = 1) -> str:
    """Return the project in a path, which has `depth` parts and may begin with an entity; "" without one."""
    parts = path.strip("/").split("/")
    project = parts[-depth] if len(parts) >= depth else ""
    return layout.fit_name(project, "") if project else ""
