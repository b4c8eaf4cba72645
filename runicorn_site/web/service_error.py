"""Base class of errors of services."""

from __future__ import annotations

from rest_framework.exceptions import APIException

from runicorn.message import Message


class ServiceError(APIException):
    """An error that the API answers in English, and a page in its language.

    Attributes:
        sentence: the detail, with its template.
    """

    def __init__(self, sentence: str = "", **values: object) -> None:
        """Create an error with a sentence, or with a template and its values."""
        self.sentence = Message(sentence, **values)
        super().__init__(self.sentence or None)

    @property
    def on_page(self) -> ServiceError:
        """The error that a page answers in place of this one."""
        return self
