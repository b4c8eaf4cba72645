"""Errors of shares, with their HTTP statuses."""

from __future__ import annotations

from rest_framework import status

from runicorn_site.web.service_error import ServiceError


class ShareNotFound(ServiceError):
    """There is no link with this id, or it is of another user."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, share_id: str) -> None:
        super().__init__("Share not found: {share_id}", share_id=share_id)
