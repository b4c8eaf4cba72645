"""Description of a project: Markdown in `description.md` in its folder."""

from __future__ import annotations

from pathlib import Path

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.containment import check_inside
from runicorn.store.project.folder import project_folder

FILE = "description.md"
LENGTH = 50_000
"""Characters of the longest description."""


class DescriptionTooLong(ValueError):
    """The text has more than `LENGTH` characters."""


def read(root: Path, project: str) -> str:
    """Return the description; "" if it is missing or unreadable."""
    try:
        raw = _platform.read_regular(project_folder(root, project) / FILE, 4 * LENGTH, follow_links=False)
    except (OSError, layout.InvalidName):
        return ""
    return raw.decode("utf-8", "replace").removeprefix("\ufeff")[:LENGTH]


def write(root: Path, project: str, text: str) -> None:
    """Replace the description; an empty one removes the file."""
    if len(text) > LENGTH:
        raise DescriptionTooLong(f"A description has at most {LENGTH:,} characters.")
    path = check_inside(root, project_folder(root, project) / FILE)
    if text.strip():
        path.parent.mkdir(parents=True, exist_ok=True)  # runs that were moved to a project make no folder
        _platform.replace_file(path, text.encode("utf-8", "replace"))
    else:
        path.unlink(missing_ok=True)
