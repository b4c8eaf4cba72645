"""Import path of the apps, whose top-level names (`runs`, `metrics`) a user's modules may have too."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from runicorn_site.folders import APPS


class ForeignModule(Exception):
    """Another module `runs` than the server's would be imported."""


def make_importable() -> None:
    """Put the folder of the apps first on the import path, and remove the working directory.

    Raises:
        ForeignModule: `runs` is found elsewhere nevertheless.
    """
    here = {"", str(APPS)}
    with suppress(FileNotFoundError):  # the folder was removed while the shell stands in it
        here.add(os.getcwd())
    sys.path[:] = [str(APPS), *(entry for entry in sys.path if entry not in here)]
    # The environment may belong to another Django project.
    os.environ["DJANGO_SETTINGS_MODULE"] = "runicorn_site.settings"
    module_file = importlib.import_module("runs").__file__
    if module_file is None or Path(module_file).resolve().parent.parent != APPS:
        raise ForeignModule(
            f"The module `runs` is {module_file or 'a namespace'}, which is not part of Runicorn"
        )
