"""Functions on the user's configuration under the names of Runicorn 0.5."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from runicorn.settings import user, user_root
from runicorn.store import layout

RATE_LIMITS_FILE = "rate_limits.json"
NO_RATE_LIMITS: dict[str, Any] = {
    "default": {"max_requests": 60, "window_seconds": 60},
    "endpoints": {},
    "settings": {},
}


def get_config_file_path() -> Path:
    """Return the path of the user's `config.json`.

    Raises:
        OSError: the configuration directory cannot be made.
    """
    return user.config_directory() / user.CONFIG_FILE


def load_user_config() -> dict[str, Any]:
    """Return the user's configuration; empty if it does not exist."""
    return user.read_user_config()


def get_user_root_dir() -> Path | None:
    """Return the storage root of the user's configuration; `None` if it names none."""
    configured = user.read_user_config().get("user_root_dir")
    return Path(configured) if isinstance(configured, str) and configured else None


def set_user_root_dir(path_like: str | os.PathLike[str]) -> Path:
    """Make a folder the user's storage root.

    Raises:
        InvalidRoot: it is relative, not a folder, or cannot be written.
        OSError: the configuration could not be written.
    """
    return user_root.set_user_root(os.fspath(path_like))


def get_rate_limit_config() -> dict[str, Any]:
    """Return the user's `rate_limits.json`, or the built-in default limit if it does not exist.

    Raises:
        OSError: the configuration directory cannot be made.
    """
    limits, _ = layout.read_json(user.config_directory() / RATE_LIMITS_FILE, follow_links=True)
    return limits or copy.deepcopy(NO_RATE_LIMITS)


def save_rate_limit_config(config: dict[str, Any]) -> None:
    """Replace the user's `rate_limits.json`; a running viewer applies it.

    Raises:
        OSError: it could not be written.
        TypeError: a value cannot be represented in JSON.
    """
    layout.write_json(user.config_directory() / RATE_LIMITS_FILE, config, mode=user.PRIVATE_FILE)
