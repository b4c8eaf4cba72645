"""Description of a project: Markdown in `description.md` in its folder."""

from __future__ import annotations

from pathlib import Path

from runicorn import _platform
from runicorn.store import layout
from runicorn.store.containment import check_inside

FILE = "description.md"
LENGTH = 50_000
"""Characters of the longest description."""


class DescriptionTooLong(ValueError):
    """The text has more than `LENGTH` characters."""


def folder_of(root: Path, project: str) -> Path:
    """Return the folder of a project.

    Raises:
        InvalidName: the project cannot be a folder.
        OutsideStore: a link leads out of the storage root.
    """
    return check_inside(root, root / layout.check_name(project, "project"))


def read(root: Path, project: str) -> str:
    """Return the description; "" if there is none or it cannot be read."""
    try:
        raw = _platform.read_regular(folder_of(root, project) / FILE, 4 * LENGTH, follow_links=False)
    except OSError:
        return ""
    return raw.decode("utf-8", "replace").removeprefix("\ufeff")[:LENGTH]


def write(root: Path, project: str, text: str) -> None:
    """Replace the description; an empty one removes the file.

    Raises:
        DescriptionTooLong: the text is too long.
        InvalidName: the project cannot be a folder.
        OSError: it could not be written, or the project has no folder.
    """
    if len(text) > LENGTH:
        raise DescriptionTooLong(f"A description has at most {LENGTH:,} characters.")
    path = check_inside(root, folder_of(root, project) / FILE)
    if text.strip():
        _platform.replace_file(path, text.encode("utf-8", "replace"))
    else:
        path.unlink(missing_ok=True)
