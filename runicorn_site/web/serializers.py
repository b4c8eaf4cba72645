"""Base serializers: strict JSON bodies (no coercion) and query strings (empty means absent)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.parsers import BaseParser

WHOLE = "whole"
"""Code of a `ValidationError` whose sentence needs no field name."""

JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...]], ...] = (
    (serializers.BooleanField, (bool,)),
    (serializers.IntegerField, (int,)),
    (serializers.FloatField, (int, float)),
    (serializers.CharField, (str,)),
)
"""JSON types of each kind of field. DRF also accepts `"yes"` for true and 1 for "1", for query strings."""


class Bytes(BaseParser):
    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class Body(serializers.Serializer[Any]):
    """The JSON body of a request, without conversions; `null` for an optional field means absent."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the declared fields, each of which accepts only its JSON type."""
        fields = super().get_fields()
        for field in fields.values():
            take_strictly(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            optional = {name for name, field in self.fields.items() if not field.required}
            data = {name: value for name, value in data.items() if value is not None or name not in optional}
        return super().to_internal_value(data)


class Edit(Body):
    """Changes of an object: a field that cannot be changed is an error, instead of being ignored."""

    def validate(self, attrs: Any) -> Any:
        """Refuse unknown fields."""
        unknown = sorted(set(self.initial_data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                {str(field)[:100]: ["This field cannot be changed"] for field in unknown}
            )
        return attrs


class Query(serializers.Serializer[Any]):
    """The query string of a request; an empty parameter counts as absent."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, MultiValueDict):
            data = MultiValueDict({name: values for name, values in data.lists() if any(values)})
        return super().to_internal_value(data)


def take_strictly(field: serializers.Field[Any, Any, Any, Any]) -> None:
    """Make a field, and those within it, refuse other types of JSON than its own."""
    child = getattr(field, "child", None)
    if child is not None:
        take_strictly(child)
    types = next((types for kind, types in JSON_TYPES if isinstance(field, kind)), None)
    if types is None:
        return
    converted = field.to_internal_value

    def strict(data: Any) -> Any:
        if not isinstance(data, types) or (isinstance(data, bool) and bool not in types):
            field.fail("invalid")
        try:
            return converted(data)
        except OverflowError:  # an integer beyond every float
            field.fail("invalid")

    field.to_internal_value = strict  # type: ignore[method-assign]
