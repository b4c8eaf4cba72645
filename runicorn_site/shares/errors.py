"""Errors of shares, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status

from runicorn_site.web.service_error import ServiceError


class SharesUnavailable(ServiceError):
    """`shares.json` cannot be read or written; nothing was changed."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    foreseen = True

    def __init__(self, reason: object) -> None:
        super().__init__(
            "The list of shared links is not available: {reason}. Nothing was changed.", reason=reason
        )


class ShareNotFound(ServiceError):
    """There is no link with this id."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, share_id: str) -> None:
        super().__init__("Share not found: {share_id}", share_id=share_id)
