"""`mlflow.sklearn`: automatic logging, and models as files of a run."""

from __future__ import annotations

from typing import Any

from runicorn.compat.empty_modules import names_of
from runicorn.compat.guard import guarded
from runicorn.compat.mlflow.autologging import estimators
from runicorn.compat.mlflow.autologging.models import ModelInfo, store_model
from runicorn.compat.mlflow.autologging.models import load_model as _load
from runicorn.compat.mlflow.autologging.models import save_model as _save
from runicorn.compat.mlflow.runs import require_run


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = 5,
    log_post_training_metrics: bool = True,
    **others: Any,
) -> None:
    """Log parameters, training metrics and the model of each estimator that is fitted.

    Without an active run, a run is begun for each. The candidates of a search are runs below its run.

    Args:
        log_models: whether the model is stored as a file of the run.
        max_tuning_runs: number of the best candidates of a search that are logged; None for all.
        disable: end the automatic logging.
        log_input_examples, log_model_signatures, log_datasets, exclusive, disable_for_unsupported_versions, silent,
            log_post_training_metrics, others: ignored.
    """
    estimators.options.log_models = log_models
    estimators.options.max_tuning_runs = max_tuning_runs
    estimators.options.is_enabled = not disable
    if not disable:
        estimators.patch()


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    *arguments: Any,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    **options: Any,
) -> ModelInfo:
    """Store a model as a file of the active run; `load_model` of the result's `model_uri` returns it."""
    run, path = require_run(), name or artifact_path or "model"
    with guarded("a model"):
        store_model(run, path, sk_model)
    return ModelInfo(path, run.info.run_id, {key: str(value) for key, value in (params or {}).items()})


def save_model(sk_model: Any, path: Any, *arguments: Any, **options: Any) -> None:
    """Store a model in a folder."""
    _save(sk_model, path)


def load_model(model_uri: str, dst_path: str | None = None) -> Any:
    """Return a stored model."""
    return _load(model_uri)


__getattr__ = names_of("mlflow.sklearn", "runicorn.compat.mlflow")
