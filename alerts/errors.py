"""Errors of alerts, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status
from rest_framework.exceptions import APIException


class AlertsUnavailable(APIException):
    """The key that encrypts addresses cannot be read or written; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    foreseen = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"The configuration of alerts is not available: {reason}. Nothing was changed.")


class AlertItemNotFound(APIException):
    """No channel or rule with this id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, what: str, key: int) -> None:
        super().__init__(f"{what} not found: {key}")


class InvalidAlert(ValueError):
    """A rule or a channel is invalid.

    Attributes:
        inner: the field of a condition; "" for others.
        sentence: what is wrong with it.
    """

    def __init__(self, field: str, sentence: str, inner: str = "") -> None:
        super().__init__(f"{inner or field}: {sentence}")
        self.field, self.inner, self.sentence = field, inner, sentence
