"""Validators of query strings, compiled once from the serializers that describe them in OpenAPI.

A serializer copies and binds all of its fields for each request. A compiled one keeps its bound fields, which have no
state, and converts only the parameters that a request has.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers

from runicorn_site.web.serializers import Query

Field = serializers.Field[Any, Any, Any, Any]
Serializer = serializers.Serializer[Any]
IMMUTABLE = (str, int, float, bool, type(None))
NOTHING: MultiValueDict[str, str] = MultiValueDict()


class CompiledQuery:
    """The validator of one class of serializers; as strict as it, with the same errors."""

    def __init__(self, kind: type[Serializer]) -> None:
        self._whole = kind()
        self._ignores_empty = isinstance(self._whole, Query)
        self._defaults: dict[str, Any] = {}
        self._optional: dict[str, Field] = {}
        """Fields to convert if their parameter is there."""
        self._always: dict[str, Field] = {}
        """Fields that have no constant value without their parameter, or are made of several parameters."""
        for name, field in self._whole.fields.items():
            self._add(name, field)
        names = list(self._whole.fields)
        self._is_simple = not (
            kind.validate is not serializers.Serializer.validate
            or kind.to_internal_value
            not in (Query.to_internal_value, serializers.Serializer.to_internal_value)
            or self._whole.get_validators()
            or any(hasattr(kind, f"validate_{name}") for name in names)
            or any(field.source_attrs != [name] for name, field in self._whole.fields.items())
        )

    def _add(self, name: str, field: Field) -> None:
        if type(field).get_value is not serializers.Field.get_value:
            self._always[name] = field
            return
        try:
            default = field.run_validation(field.get_value(NOTHING))
        except serializers.SkipField:
            self._optional[name] = field
        except serializers.ValidationError:  # required
            self._always[name] = field
        else:
            if isinstance(default, IMMUTABLE):
                self._optional[name] = field
                self._defaults[name] = default
            else:
                self._always[name] = field

    def __call__(self, params: MultiValueDict[str, str]) -> Any:
        """Return the converted parameters.

        Raises:
            ValidationError: of the serializer, which names all invalid parameters.
        """
        if not self._is_simple:
            return dict(self._whole.run_validation(params))
        if self._ignores_empty and not all(any(texts) for _, texts in params.lists()):
            params = MultiValueDict({name: texts for name, texts in params.lists() if any(texts)})
        values = dict(self._defaults)
        try:
            for name in params:
                if (field := self._optional.get(name)) is not None:
                    self._convert(name, field, params, values)
            for name, field in self._always.items():
                self._convert(name, field, params, values)
        except serializers.ValidationError:
            return dict(self._whole.run_validation(params))
        return values

    def _convert(
        self, name: str, field: Field, params: MultiValueDict[str, str], values: dict[str, Any]
    ) -> None:
        try:
            values[name] = field.run_validation(field.get_value(params))
        except serializers.SkipField:
            values.pop(name, None)


compiled = cache(CompiledQuery)
