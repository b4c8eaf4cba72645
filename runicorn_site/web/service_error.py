"""Base class of errors of services."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rest_framework import status
from rest_framework.exceptions import APIException

from runicorn.message import Message
from runicorn_tools.entry_list import UnreadableList

Value = TypeVar("Value")


class ServiceError(APIException):
    """An error that the API answers in English, and a page in its language.

    Attributes:
        sentence: the detail, with its template.
    """

    def __init__(self, sentence: str = "", **values: object) -> None:
        """Create an error with a sentence, or with a template and its values."""
        self.sentence = Message(sentence, **values)
        super().__init__(self.sentence or None)


class ListUnavailable(ServiceError):
    """The file of a list cannot be read or written; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    foreseen = True


def stored(action: Callable[[], Value]) -> Value:
    """Return the result of reading or changing a list.

    Raises:
        ListUnavailable: its file cannot be read or written.
    """
    try:
        return action()
    except (UnreadableList, OSError) as error:
        sentence = "The list is not available: {reason}. Nothing was changed."
        raise ListUnavailable(sentence, reason=error) from error
