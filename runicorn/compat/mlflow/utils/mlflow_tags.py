"""`mlflow.utils.mlflow_tags`: names of MLflow's own tags."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of

MLFLOW_RUN_NAME = "mlflow.runName"
MLFLOW_RUN_NOTE = "mlflow.note.content"
MLFLOW_PARENT_RUN_ID = "mlflow.parentRunId"
MLFLOW_USER = "mlflow.user"
MLFLOW_SOURCE_NAME = "mlflow.source.name"
MLFLOW_SOURCE_TYPE = "mlflow.source.type"
MLFLOW_GIT_COMMIT = "mlflow.source.git.commit"

__getattr__ = names_of("mlflow.utils.mlflow_tags", "runicorn.compat.mlflow")
