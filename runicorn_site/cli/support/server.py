"""Import path of the server's code, whose top-level names (`runs`, `metrics`) a user's modules may have too."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]


class ForeignModule(Exception):
    """Another module `runs` than the server's would be imported."""


def server_folder() -> Path:
    """Return the folder with `runicorn_site` and the apps: inside the package in a wheel, else beside it."""
    packed = PACKAGE / "_server"
    return packed if packed.is_dir() else PACKAGE.parent


def make_importable() -> None:
    """Put the server's folder first on the import path, and remove the working directory.

    Raises:
        ForeignModule: `runs` is found elsewhere nevertheless.
    """
    folder = server_folder()
    here = {"", str(folder)}
    with suppress(FileNotFoundError):  # the folder was removed while the shell stands in it
        here.add(os.getcwd())
    sys.path[:] = [str(folder), *(entry for entry in sys.path if entry not in here)]
    # The environment may belong to another Django project.
    os.environ["DJANGO_SETTINGS_MODULE"] = "runicorn_site.settings"
    found = importlib.import_module("runs").__file__
    if found is None or Path(found).resolve().parent.parent != folder:
        raise ForeignModule(f"The module `runs` is {found or 'a namespace'}, which is not part of Runicorn")
