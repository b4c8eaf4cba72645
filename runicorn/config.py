"""Configuration of a run and of the user, importable as in Runicorn 0.5 to 0.7."""

from __future__ import annotations

from runicorn.legacy.workspace import get_config, get_effective_rnconfig
from runicorn.settings.config_functions import (
    get_config_file_path,
    get_rate_limit_config,
    get_user_root_dir,
    load_user_config,
    save_rate_limit_config,
    set_user_root_dir,
)
from runicorn.tracking.config import Config

__all__ = [
    "Config",
    "get_config",
    "get_config_file_path",
    "get_effective_rnconfig",
    "get_rate_limit_config",
    "get_user_root_dir",
    "load_user_config",
    "save_rate_limit_config",
    "set_user_root_dir",
]
