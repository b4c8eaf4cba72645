"""MLflow's fluent interface, whose runs are written here."""

from __future__ import annotations

import sys
from typing import Any

from runicorn.compat.empty_modules import resolve
from runicorn.compat.mlflow import entities, utils
from runicorn.compat.mlflow.active import ActiveRun
from runicorn.compat.mlflow.client import MlflowClient
from runicorn.compat.mlflow.errors import MlflowException
from runicorn.compat.mlflow.files import (
    get_artifact_uri,
    load_table,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_image,
    log_stream,
    log_table,
    log_text,
)
from runicorn.compat.mlflow.runs import (
    active_run,
    create_experiment,
    delete_tag,
    end_run,
    get_experiment,
    get_experiment_by_name,
    get_parent_run,
    get_run,
    last_active_run,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    search_experiments,
    search_runs,
    set_experiment,
    set_tag,
    set_tags,
    start_run,
)
from runicorn.compat.unknown import accepted, quiet, unknown, warn_once

__version__ = "3.17.2"
"""The version of MLflow whose interface this is."""
__all__ = [
    "ActiveRun",
    "MlflowClient",
    "MlflowException",
    "active_run",
    "create_experiment",
    "delete_tag",
    "end_run",
    "entities",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_logged_model",
    "get_parent_run",
    "get_run",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "start_run",
    "utils",
]
SUBMODULES = frozenset(
    {
        "artifacts",
        "catboost",
        "client",
        "data",
        "exceptions",
        "keras",
        "langchain",
        "lightgbm",
        "models",
        "openai",
    }
    | {
        "projects",
        "pyfunc",
        "pytorch",
        "sklearn",
        "spark",
        "store",
        "system_metrics",
        "tensorflow",
        "tracking",
    }
    | {"transformers", "tracing", "types", "xgboost", "fluent", "mlflow_tags"}
)
"""Names of sub-modules of MLflow; those without content here have the names of this module."""
disable_system_metrics_logging = quiet("disable_system_metrics_logging")
enable_system_metrics_logging = quiet("enable_system_metrics_logging")
flush_artifact_async_logging = quiet("flush_artifact_async_logging")
flush_async_logging = quiet("flush_async_logging")
login = quiet("login")
log_input = quiet("log_input")
log_inputs = quiet("log_inputs")
set_experiment_tag = quiet("set_experiment_tag")
set_experiment_tags = quiet("set_experiment_tags")
set_registry_uri = quiet("set_registry_uri")
set_system_metrics_node_id = quiet("set_system_metrics_node_id")
set_system_metrics_samples_before_logging = quiet("set_system_metrics_samples_before_logging")
set_system_metrics_sampling_interval = quiet("set_system_metrics_sampling_interval")
_uri = ""


def autolog(*arguments: Any, **options: Any) -> None:
    """Log the estimators of scikit-learn automatically; other libraries are reported once."""
    from runicorn.compat.mlflow import sklearn
    from runicorn.compat.mlflow.autologging.estimators import is_available

    if is_available():
        sklearn.autolog(**options)
    warn_once(
        "mlflow.autolog",
        "mlflow.autolog supports scikit-learn only: of other libraries log metrics, or use a callback of "
        "runicorn.integrations.",
    )


@accepted
def set_tracking_uri(uri: Any) -> None:
    """Keep an address, to which nothing is sent."""
    global _uri
    _uri = str(uri)


def get_tracking_uri() -> str:
    """Return the address that was set."""
    return _uri


get_registry_uri = get_tracking_uri


def is_tracking_uri_set() -> bool:
    return bool(_uri)


def get_logged_model(model_id: str) -> Any:
    """Return the description of a model of scikit-learn that was logged here; an inert object for others."""
    from runicorn.compat.mlflow.autologging.models import stored_model

    return stored_model(str(model_id)) or unknown("mlflow.get_logged_model")(model_id)


def __getattr__(name: str) -> Any:
    """Return a sub-module, or a function that warns once."""
    return resolve("mlflow", sys.modules[__name__], name)
