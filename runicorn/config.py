"""Configuration of a run and of the user, importable as in Runicorn 0.5."""

from __future__ import annotations

from runicorn.settings.config_functions import (
    get_config_file_path,
    get_rate_limit_config,
    get_user_root_dir,
    load_user_config,
    set_user_root_dir,
)
from runicorn.tracking.config import Config

__all__ = [
    "Config",
    "get_config_file_path",
    "get_rate_limit_config",
    "get_user_root_dir",
    "load_user_config",
    "set_user_root_dir",
]
