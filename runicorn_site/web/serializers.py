"""What every route takes alike: bodies whose types are those of JSON, queries whose empty parameters are not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict
from rest_framework import serializers
from rest_framework.parsers import BaseParser

WHOLE = "whole"
"""The code of a `ValidationError` whose sentence says by itself what it is about."""

JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...]], ...] = (
    (serializers.BooleanField, (bool,)),
    (serializers.IntegerField, (int,)),
    (serializers.FloatField, (int, float)),
    (serializers.CharField, (str,)),
)
"""What a field of each kind is in JSON. A query knows texts only, so DRF takes `"yes"` for true and 1 for "1"."""


class Bytes(BaseParser):
    """A body that is taken as it is."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class Body(serializers.Serializer[Any]):
    """The JSON body of a request: nothing is converted, and `null` for what may be left out means just that."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The declared fields, each of which takes its own JSON type alone."""
        fields = super().get_fields()
        for field in fields.values():
            take_strictly(field)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """The validated fields."""
        if isinstance(data, Mapping):
            optional = {name for name, field in self.fields.items() if not field.required}
            data = {name: value for name, value in data.items() if value is not None or name not in optional}
        return super().to_internal_value(data)


class Query(serializers.Serializer[Any]):
    """The query of a request: a parameter without a value counts as one that is not there."""

    def to_internal_value(self, data: Any) -> Any:
        """The validated parameters."""
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
