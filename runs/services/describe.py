"""Edit the description of a project, in a file of its folder."""

from __future__ import annotations

from pathlib import Path

from rest_framework.exceptions import ValidationError

from runicorn.store.project import description
from runs.models import StorageRoot
from runs.services.write_through import one_file


def describe_project(*, root: StorageRoot, project: str, text: str) -> None:
    """Replace the description of a project.

    Raises:
        ValidationError: the text is too long.
    """
    try:
        with one_file():
            description.write(Path(root.path), project, text.replace("\r\n", "\n"))
    except description.DescriptionTooLong as error:
        raise ValidationError({"description": [str(error)]}) from error
