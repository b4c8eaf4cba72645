"""Lists of the configuration directory in requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rest_framework import status

from runicorn.settings.entry_list import UnreadableList
from runicorn_site.web.service_error import ServiceError

Value = TypeVar("Value")


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
