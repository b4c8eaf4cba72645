"""OpenAPI schemas that responses of every app share."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

Schema = s.Serializer[Any]


class Problem(Schema):
    """An error."""

    detail = s.CharField(help_text="One sentence.")
    errors = s.DictField(
        child=s.ListField(child=s.CharField()),
        required=False,
        help_text="Of invalid input: the sentences by parameter or field.",
    )


PROBLEMS: dict[int, Any] = {400: Problem, 403: Problem, 404: Problem}
"""Errors of a route that names a run."""
