"""`wandb.Settings`, and the environment variables of W&B that have a meaning here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any


class Settings:
    """Settings by name; those without a meaning here are kept and ignored."""

    def __init__(self, **data: Any) -> None:
        self.__dict__.update(data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def update(self, other: Any = None, **data: Any) -> None:
        self.__dict__.update(to_dict(other) | data)

    update_from_dict = update

    def copy(self) -> Settings:
        return Settings(**self.__dict__)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        return dict(self.__dict__)


def to_dict(settings: Any) -> dict[str, Any]:
    if settings is None:
        return {}
    return dict(settings) if isinstance(settings, Mapping) else dict(settings.__dict__)


defaults = Settings()
"""Settings of `wandb.setup`, for all later runs."""
FINISH_PREVIOUS, RETURN_PREVIOUS, CREATE_NEW = "finish_previous", "return_previous", "create_new"


def with_defaults(settings: Any) -> dict[str, Any]:
    """Return the settings of a run over those of `wandb.setup`."""
    return {**to_dict(defaults), **to_dict(settings)}


def reinit_mode(reinit: Any, settings: Any) -> str:
    """Return what `wandb.init` does while a run is active."""
    if reinit is None:
        reinit = with_defaults(settings).get("reinit")
    if reinit in (FINISH_PREVIOUS, RETURN_PREVIOUS, CREATE_NEW):
        return str(reinit)
    if isinstance(reinit, bool):
        return FINISH_PREVIOUS if reinit else RETURN_PREVIOUS
    return FINISH_PREVIOUS if _in_notebook() else RETURN_PREVIOUS


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


VARIABLES = {
    "project": "WANDB_PROJECT",
    "entity": "WANDB_ENTITY",
    "name": "WANDB_NAME",
    "notes": "WANDB_NOTES",
    "group": "WANDB_RUN_GROUP",
    "job_type": "WANDB_JOB_TYPE",
    "id": "WANDB_RUN_ID",
    "resume": "WANDB_RESUME",
    "mode": "WANDB_MODE",
}


def complete(arguments: dict[str, Any], settings: Any) -> dict[str, Any]:
    """Fill the arguments of `wandb.init` that are None from its settings, then from the environment."""
    own_settings = with_defaults(settings)
    merged_arguments = dict(arguments)
    for name, variable in VARIABLES.items():
        if merged_arguments.get(name) is None:
            key = name if name in ("project", "entity", "mode", "resume") else f"run_{name}"
            merged_arguments[name] = own_settings.get(key) or os.environ.get(variable) or None
    if merged_arguments.get("tags") is None and os.environ.get("WANDB_TAGS"):
        merged_arguments["tags"] = [tag.strip() for tag in os.environ["WANDB_TAGS"].split(",") if tag.strip()]
    if os.environ.get("WANDB_DISABLED", "").lower() in ("1", "true", "yes"):
        merged_arguments["mode"] = "disabled"
    merged_arguments["x_primary"], merged_arguments["x_label"] = (
        own_settings.get("x_primary"),
        own_settings.get("x_label"),
    )
    merged_arguments["console"] = own_settings.get("console") or os.environ.get("WANDB_CONSOLE")
    return merged_arguments
