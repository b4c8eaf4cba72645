"""OpenAPI schemas of responses, generated from `TypedDict`s.

`runicorn.api.responses` defines each response once: the server builds it, mypy checks the builder, the OpenAPI
description is generated from it here, and the client returns it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema
from rest_framework import serializers
from rest_framework.views import APIView

from runicorn.api.responses.problem import Problem
from runicorn.json_value import JsonObject, JsonValue
from runicorn_site.web.endpoint import DESCRIPTION, Description

Schema = JsonObject
SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number", "format": "double"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
}


def annotate(view: type[APIView], method: str) -> None:
    """Hand the description of a view's method to drf-spectacular; a second call changes nothing."""
    handler: Any = getattr(view, method.lower(), None)
    description: Description | None = getattr(handler, DESCRIPTION, None)
    if description is not None and not hasattr(handler, "kwargs"):
        query, body, returns, errors, headers, schema = description
        returned = returns if isinstance(returns, Mapping) else {200: returns}
        responses = {status: describe(kind) for status, kind in returned.items()}
        responses |= {status: describe(Problem) for status in errors}
        arguments: dict[str, Any] = {"responses": responses} | schema
        if query is not None or headers:
            arguments["parameters"] = [*([query] if query else []), *headers]
        if body is not None:
            arguments["request"] = body
        extend_schema(**arguments)(handler)


class TypedDictSerializer(serializers.Serializer[Any]):
    """Stand-in for a `TypedDict` where drf-spectacular expects a serializer; it serializes nothing."""

    typed_dict: Any


@cache
def response_schema(typed_dict: Any) -> type[TypedDictSerializer]:
    """Return the class that drf-spectacular turns into the schema of `typed_dict`; one for each."""
    return type(
        typed_dict.__name__, (TypedDictSerializer,), {"typed_dict": typed_dict, "__doc__": typed_dict.__doc__}
    )


def describe(returns: Any) -> Any:
    """Return the argument of `extend_schema(responses=…)` for a `TypedDict`, a list of them, or anything else."""
    if typing.is_typeddict(returns):
        return response_schema(returns)
    if get_origin(returns) is list and typing.is_typeddict(get_args(returns)[0]):
        return response_schema(get_args(returns)[0])(many=True)
    if get_origin(returns) is types.UnionType:
        typed_dict = get_args(returns)[0]
        return type(f"{typed_dict.__name__}OrNull", (TypedDictSerializer,), {"typed_dict": returns})
    return returns


class TypedDictExtension(OpenApiSerializerExtension):
    """drf-spectacular's hook for `TypedDictSerializer`."""

    target_class = TypedDictSerializer
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        """Name the component after the `TypedDict`."""
        typed_dict = self.target.typed_dict
        name: str = typed_dict.__name__ if typing.is_typeddict(typed_dict) else type(self.target).__name__
        return name

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        """Build the object schema from the annotations."""
        typed_dict = self.target.typed_dict
        if not typing.is_typeddict(typed_dict):
            return _schema_of(typed_dict, auto_schema, direction)
        properties: JsonObject = {}
        required: list[JsonValue] = []
        for name, hint in get_type_hints(typed_dict, include_extras=True).items():
            is_required = name in typed_dict.__required_keys__
            while get_origin(hint) in (NotRequired, Required):
                is_required = get_origin(hint) is Required
                hint = get_args(hint)[0]
            properties[name] = _schema_of(hint, auto_schema, direction)
            if is_required:
                required.append(name)
        schema: Schema = {"type": "object", "properties": properties}
        if typed_dict.__doc__:
            schema["description"] = " ".join(typed_dict.__doc__.split())
        return schema | ({"required": required} if required else {})


def _schema_of(hint: Any, auto_schema: AutoSchema, direction: Direction) -> Schema:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _described(_schema_of(args[0], auto_schema, direction), str(args[1]))
    if typing.is_typeddict(hint):
        ref: Schema = auto_schema.resolve_serializer(response_schema(hint)(), direction).ref
        return ref
    if origin in (Union, types.UnionType):
        return _union([_schema_of(arg, auto_schema, direction) for arg in args])
    if origin is Literal:
        return {"type": "string", "enum": list(args)}
    if origin is list:
        return {"type": "array", "items": _schema_of(args[0], auto_schema, direction)}
    if origin is tuple:
        items: list[JsonValue] = [_schema_of(arg, auto_schema, direction) for arg in args]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of(args[1], auto_schema, direction)}
    return dict(SCALARS[hint])


def _described(schema: Schema, text: str) -> Schema:
    # Beside a reference OpenAPI 3.1 allows a description, older readers ignore it.
    return schema | {"description": text}


def _union(schemas: list[Schema]) -> Schema:
    """Merge the alternatives of simple types into a list of types, as OpenAPI 3.1 writes nullable fields."""
    if all(set(schema) <= {"type", "format"} and schema for schema in schemas):
        names = [schema["type"] for schema in schemas]
        extra = next((schema for schema in schemas if "format" in schema), {})
        return {"type": names} | ({"format": extra["format"]} if extra else {})
    return {"oneOf": [*schemas]}
