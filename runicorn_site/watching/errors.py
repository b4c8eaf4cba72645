"""Errors of watched folders, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status
from rest_framework.exceptions import APIException

from runicorn.message import Message


class UnwatchableFolder(Exception):
    """The folder, or the project of its runs, is refused; the text says why.

    Attributes:
        field: "path" or "project".
        sentence: the text.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field, self.sentence = field, sentence


class WatchedFoldersUnavailable(APIException):
    """`watched_folders.json` cannot be read or written; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    foreseen = True

    def __init__(self, reason: object) -> None:
        self.sentence = Message(
            "The list of watched folders is not available: {reason}. Nothing was changed.", reason=reason
        )
        super().__init__(self.sentence)


class FolderNotFound(APIException):
    """There is no watched folder with this id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, folder_id: str) -> None:
        super().__init__(f"Watched folder not found: {folder_id}")
