"""Folder of a project, and names of files in it."""

from __future__ import annotations

import re
from pathlib import Path

from runicorn.store import layout
from runicorn.store.containment import check_inside

FILE_NAME_BYTES = 220
"""Of 255 that file systems allow; the others are for the endings of a file and of its temporary one."""


def project_folder(root: Path, project: str) -> Path:
    return check_inside(root, root / layout.check_name(project, "project"))


def check_file_name(name: object, what: str) -> str:
    """Return a valid name of a file without its ending: some file systems allow less than others.

    Raises:
        InvalidName: it is not text of 1 to 100 characters, or cannot be the name of a file.
    """
    checked = layout.check_name(name, what)
    if len(checked.encode()) > FILE_NAME_BYTES:
        raise layout.InvalidName(
            f"Invalid {what}: it must not be longer than {FILE_NAME_BYTES} bytes in UTF-8."
        )
    if re.search(r'[<>:"|?*]|[. ]$', checked) or layout.is_device(checked):
        raise layout.InvalidName(f"Invalid {what} {checked!r}: some systems have no such file.")
    return checked
