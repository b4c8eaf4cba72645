"""Errors of watched folders, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status

from runicorn_site.web.service_error import ServiceError


class UnwatchableFolder(Exception):
    """The folder, or the project of its runs, is refused; the text says why.

    Attributes:
        field: "path" or "project".
        sentence: the text.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


class FolderNotFound(ServiceError):
    """There is no watched folder with this id."""

    status_code = status.HTTP_404_NOT_FOUND
