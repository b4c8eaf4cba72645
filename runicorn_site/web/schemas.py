"""OpenAPI schemas of the errors that all apps share, for routes without `@endpoint`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from runicorn.api.responses import problem
from runicorn_site.web.typed_responses import response_schema

Schema = serializers.Serializer[Any]
Problem = response_schema(problem.Problem)
PROBLEMS: dict[int, Any] = {400: Problem, 403: Problem, 404: Problem}
"""Errors of a route that names a run."""
