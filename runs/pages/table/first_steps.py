"""What an empty store tells a newcomer: where scripts write, and where they have written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from runicorn.settings import known_roots, user
from runicorn.settings.default_root import DEFAULT_NAME
from runicorn_site.web.readable import current
from runs.models import StorageRoot


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Where a script of this user writes that names no folder, and other folders with runs."""

    configured: str
    """The folder of all scripts; empty if each writes to `default_name` in its own working directory."""
    is_here: bool
    """Whether that is the folder that is shown."""
    elsewhere: list[known_roots.KnownRoot]
    literal: str
    """The path of the folder that is shown, as it is written in Python."""
    default_name: str = DEFAULT_NAME


def first_steps(root: StorageRoot) -> FirstSteps:
    """Return the state of the folders of the server's user; what others read names none of them."""
    configured = user.read_user_config().get("user_root_dir")
    configured = configured if isinstance(configured, str) else ""
    path = Path(root.path)
    is_here = bool(configured) and Path(configured).expanduser().resolve() == path
    elsewhere = known_roots.others(path) if current().is_everything else []
    return FirstSteps(configured, is_here, elsewhere, json.dumps(root.path, ensure_ascii=False))
