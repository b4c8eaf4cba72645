"""`mlflow.MlflowClient`, `mlflow.tracking.MlflowClient`: runs by their ids."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.mlflow import files, runs
from runicorn.compat.mlflow.active import NOTE, ActiveRun, client_runs, create
from runicorn.compat.mlflow.entities import (
    NAME_TAG,
    PARENT_TAG,
    Experiment,
    FileInfo,
    Metric,
    Param,
    Run,
    RunTag,
)
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.mlflow.search import folder_of, history, search
from runicorn.compat.saved_files import FILES
from runicorn.compat.unknown import UnknownMethods, quiet


class Results(list[Any]):
    """A page of results, which is always the only one."""

    token = None

    def to_list(self) -> list[Any]:
        return list(self)


class MlflowClient(UnknownMethods):
    """Experiments and runs of the storage root; the registry of models is not supported.

    Args:
        tracking_uri, registry_uri: not used.
    """

    _foreign_name = "mlflow.MlflowClient"
    delete_experiment = quiet("delete_experiment")
    delete_run = quiet("delete_run")
    log_inputs = quiet("log_inputs")
    log_outputs = quiet("log_outputs")
    restore_experiment = quiet("restore_experiment")
    restore_run = quiet("restore_run")
    set_experiment_tag = quiet("set_experiment_tag")

    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self.tracking_uri = str(tracking_uri or "")

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> ActiveRun:
        """Begin a run, which does not become the active one. `set_terminated` ends it, or the end of the process."""
        all_tags = dict(tags or {})
        name, parent = run_name or all_tags.get(NAME_TAG), all_tags.get(PARENT_TAG)
        run = create(
            str(experiment_id), name, group=parent, tags=all_tags or None, description=all_tags.get(NOTE)
        )
        client_runs.append(run)
        return run

    def get_run(self, run_id: str) -> Run:
        return runs.get_run(run_id)

    def get_parent_run(self, run_id: str) -> Run | None:
        return runs.get_parent_run(run_id)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: Any = None,
        max_results: int = 1000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> Results:
        """Return stored runs, by default the newest first.

        Raises:
            MlflowException: the filter or an order is invalid.
        """
        return Results(search(map(str, experiment_ids), filter_string, order_by)[:max_results])

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Set the status and the name; the folder keeps the first name."""
        if name is not None:
            runs.require_run(run_id).set_tags({NAME_TAG: name})
        if status is not None and str(status) not in ("RUNNING", "SCHEDULED"):
            self.set_terminated(run_id, status)

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """End a run; one that has ended gets another status."""
        word = str(status or "FINISHED")
        if runs.get_run(run_id).info.status != word:
            runs.require_run(run_id).end(word)

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        **options: Any,
    ) -> None:
        """Write a metric; without a step at 0, as in MLflow."""
        runs.require_run(run_id).log({key: value}, step or 0, timestamp)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        runs.require_run(run_id).add_params({key: value})
        return value

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> None:
        """Write metrics, parameters and tags; metrics of one step and time become one record."""
        run = runs.require_run(run_id)
        records: dict[tuple[int, int | None], dict[str, Any]] = {}
        for metric in metrics:
            records.setdefault((metric.step or 0, metric.timestamp), {})[metric.key] = metric.value
        for (step, timestamp), record in records.items():
            run.log(record, step, timestamp)
        if params:
            run.add_params({param.key: param.value for param in params})
        if tags:
            run.set_tags({tag.key: tag.value for tag in tags})

    def set_tag(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> None:
        runs.require_run(run_id).set_tags({key: value})

    def delete_tag(self, run_id: str, key: str) -> None:
        runs.require_run(run_id).delete_tag(key)

    def get_metric_history(self, run_id: str, key: str) -> Results:
        return Results(history(run_id, key))

    def get_experiment(self, experiment_id: str) -> Experiment:
        return runs.get_experiment(experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        return runs.get_experiment_by_name(name)

    def create_experiment(self, name: str, *arguments: Any, **options: Any) -> str:
        return runs.create_experiment(name)

    def search_experiments(self, *arguments: Any, **options: Any) -> Results:
        return Results(runs.search_experiments(*arguments, **options))

    def log_artifact(self, run_id: str, local_path: Any, artifact_path: str | None = None) -> None:
        files.log_artifact(local_path, artifact_path, run_id)

    def log_artifacts(self, run_id: str, local_dir: Any, artifact_path: str | None = None) -> None:
        files.log_artifacts(local_dir, artifact_path, run_id)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        files.log_text(text, artifact_file, run_id)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        files.log_dict(dictionary, artifact_file, run_id)

    def log_stream(self, run_id: str, stream: Any, artifact_file: str) -> None:
        files.log_stream(stream, artifact_file, run_id)

    def log_figure(self, run_id: str, figure: Any, artifact_file: str, **options: Any) -> None:
        files.log_figure(figure, artifact_file, **options, run_id=run_id)

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        files.log_image(image, artifact_file, key, step, timestamp, synchronous, run_id)

    def log_table(self, run_id: str, data: Any, artifact_file: str) -> None:
        files.log_table(data, artifact_file, run_id)

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """Return the files and folders directly below a folder of the run's files."""
        base = self._files(run_id)
        folder = base / path if path else base
        return [
            FileInfo(
                below.relative_to(base).as_posix(),
                below.is_dir(),
                None if below.is_dir() else below.stat().st_size,
            )
            for below in (sorted(folder.iterdir()) if folder.is_dir() else ())
        ]

    def download_artifacts(self, run_id: str, path: str = "", dst_path: str | None = None) -> str:
        """Return the path of a file or folder of the run, copied into `dst_path` if it is set.

        Raises:
            MlflowException: it does not exist.
        """
        source = self._files(run_id) / path
        if not source.exists():
            raise MlflowException(f"No such artifact: {path!r}")
        if dst_path is None:
            return str(source)
        target = Path(dst_path, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with guarded(f"the copy of {path!r}"):
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)
        return str(target)

    def _files(self, run_id: str) -> Path:
        """Return the folder of a run's files.

        Raises:
            MlflowException: there is no run with that id.
        """
        folder = folder_of(run_id)
        if folder is None:
            raise MlflowException(f"Run '{run_id}' not found")
        return folder / FILES


__getattr__ = names_of("mlflow.client", "runicorn.compat.mlflow")
