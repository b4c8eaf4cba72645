"""`mlflow.utils.validation`: limits that libraries read."""

from __future__ import annotations

from runicorn.compat.empty_modules import names_of

MAX_PARAM_VAL_LENGTH = 6000
MAX_PARAMS_TAGS_PER_BATCH = 100
MAX_METRICS_PER_BATCH = 1000
MAX_TAG_VAL_LENGTH = 8000
MAX_ENTITY_KEY_LENGTH = 250


__getattr__ = names_of("mlflow.utils.validation", "runicorn.compat.mlflow")
