"""Models of scikit-learn in the files of a run, in MLflow's layout: a folder with `MLmodel` and `model.pkl`."""

from __future__ import annotations

import pickle
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from runicorn.compat.mlflow.active import ActiveRun
from runicorn.compat.mlflow.entities import Metric
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.mlflow.search import folder_of, stored_run
from runicorn.compat.saved_files import FILES, target
from runicorn.compat.unknown import UnknownMethods

PICKLE = "model.pkl"


@dataclass
class ModelInfo(UnknownMethods):
    """A stored model; its id is that of its run and its path, so that `models:/ID` names it."""

    _foreign_name = "mlflow.models.ModelInfo"
    artifact_path: str
    run_id: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.artifact_path

    @property
    def model_id(self) -> str:
        return f"{self.run_id}/{self.artifact_path}"

    @property
    def model_uri(self) -> str:
        return f"runs:/{self.model_id}"

    @property
    def source_run_id(self) -> str:
        return self.run_id

    @property
    def metrics(self) -> list[Metric]:
        """Return the last values of the metrics of its run."""
        run = stored_run(self.run_id)
        return [Metric(key, value) for key, value in run.data.metrics.items()] if run is not None else []

    def to_dictionary(self) -> dict[str, Any]:
        return {
            "model_id": self.model_id,
            "name": self.name,
            "source_run_id": self.run_id,
            "params": dict(self.params),
            "metrics": [vars(metric) for metric in self.metrics],
        }


def store_model(run: ActiveRun, path: str, model: Any) -> None:
    """Write a model below `path` in the files of a run."""
    target(run.ours, f"{path}/{PICKLE}").write_bytes(pickle.dumps(model))
    lines = [
        f"artifact_path: {path}",
        "flavors:",
        "  sklearn:",
        f"    pickled_model: {PICKLE}",
        "    serialization_format: pickle",
        *(f"    sklearn_version: {module.__version__}" for module in [sys.modules.get("sklearn")] if module),
        f"run_id: {run.info.run_id}",
    ]
    target(run.ours, f"{path}/MLmodel").write_text("\n".join(lines) + "\n", encoding="utf-8")


def save_model(model: Any, path: Any) -> None:
    """Write a model into a folder of its own."""
    Path(path).mkdir(parents=True, exist_ok=True)
    Path(path, PICKLE).write_bytes(pickle.dumps(model))


def local_path(uri: str, destination: Any = None) -> Path:
    """Return the path of `runs:/ID/path`, `models:/ID/path`, `file:…` or a path, copied into a folder if it is set.

    Raises:
        MlflowException: it does not exist here.
    """
    parts = urlparse(str(uri))
    if parts.scheme in ("runs", "models"):
        run_id, _, inside = parts.path.strip("/").partition("/")
        folder = folder_of(run_id)
        if folder is None:
            raise MlflowException(f"Run '{run_id}' not found")
        path = folder / FILES / inside
    elif parts.scheme == "file":
        path = Path(unquote(parts.path))
    else:
        path = Path(uri)
    if not path.exists():
        raise MlflowException(f"No such artifact: {uri!r}")
    if destination is None:
        return path
    copy = Path(destination, path.name)
    (shutil.copytree if path.is_dir() else shutil.copy2)(path, copy)
    return copy


def load_model(uri: str) -> Any:
    """Return a model that was stored as a pickle; as unpickling runs code, load only models that you trust."""
    return pickle.loads((local_path(uri) / PICKLE).read_bytes())


def stored_model(model_id: str) -> ModelInfo | None:
    """Return the model of an id; None if it is not stored here."""
    try:
        local_path(f"models:/{model_id}")
    except MlflowException:
        return None
    run_id, _, path = model_id.partition("/")
    return ModelInfo(path, run_id)
