"""Edit the description of a project, in a file of its folder."""

from __future__ import annotations

from pathlib import Path

from runicorn.store.project import description
from runs.errors import NotWritten
from runs.models import StorageRoot
from runs.services.write_through import one_file


def describe_project(*, root: StorageRoot, project: str, text: str) -> None:
    """Replace the description of a project.

    Raises:
        NotWritten: the text is too long, or could not be written this time.
        ReadOnlyStore, NoSpace: it cannot be written.
    """
    try:
        with one_file():
            description.write(Path(root.path), project, text.replace("\r\n", "\n"))
    except description.DescriptionTooLong as error:
        raise NotWritten(str(error)) from error
