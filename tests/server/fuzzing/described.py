"""The OpenAPI description as a judge of answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
from django.urls import Resolver404, resolve
from referencing import Registry
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

METHODS = ("get", "patch", "post", "put", "delete")
HERE = "urn:description"


@dataclass(frozen=True)
class Operation:
    """A method of a route and its description."""

    method: str
    path: str
    about: dict[str, Any]

    def parameters(self, place: str) -> dict[str, dict[str, Any]]:
        """The schemas of its parameters in the path or the query, by name."""
        return {
            entry["name"]: entry["schema"]
            for entry in self.about.get("parameters", [])
            if entry["in"] == place
        }

    @property
    def required(self) -> set[str]:
        """The required parameters."""
        return {entry["name"] for entry in self.about.get("parameters", []) if entry.get("required")}

    @property
    def body_types(self) -> dict[str, Any]:
        """The media types it takes, with the schema of each."""
        return dict(self.about.get("requestBody", {}).get("content", {}))

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


class Description:
    """What `/openapi.json` holds."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self._registry: Any = Registry().with_resource(HERE, DRAFT202012.create_resource(content))

    @cached_property
    def operations(self) -> list[Operation]:
        """All of them, those that only read first, those that remove last."""
        operations = [
            Operation(method, path, item[method])
            for path, item in self.content["paths"].items()
            for method in METHODS
            if method in item
        ]
        return sorted(operations, key=lambda operation: (METHODS.index(operation.method), _harm(operation)))

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """A part, or what it refers to."""
        while "$ref" in part:
            schema: Any = self.content
            for step in part["$ref"].removeprefix("#/").split("/"):
                schema = schema[step]
            part = schema
        return part

    def fields(self, schema: dict[str, Any]) -> Iterator[str]:
        """The names of the fields of an object, and of those of the objects in its lists."""
        schema = self.resolved(schema)
        if "items" in schema:
            yield from self.fields(schema["items"])
        for name, part in schema.get("properties", {}).items():
            yield name
            yield from self.fields(part)

    def answering(self, method: str, target: str) -> Operation | None:
        """The operation that a request reaches: an odd value can lead to another route, or to none."""
        path = unquote(target.partition("?")[0])
        try:
            route = resolve(path.removesuffix("/") or "/").route
        except Resolver404:
            return None
        template = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(route))
        about = self.content["paths"].get(template, {}).get(method)
        return None if about is None else Operation(method, template, about)

    def complaints(self, operation: Operation, status: int, content_type: str, body: bytes) -> Iterator[str]:
        """In what an answer is not as described."""
        answer = operation.about["responses"].get(str(status))
        if answer is None:
            yield f"the status {status} is not described"
            return
        types = self.resolved(answer).get("content", {})
        kind = content_type.partition(";")[0].strip()
        described = types.get(kind, types.get("*/*"))
        if types and described is None:
            yield f"the content type {content_type!r} of {status} is not described"
        elif kind == "application/json" and described:
            validator = self._validator(orjson.dumps(described["schema"]).decode())
            yield from (
                f"{error.json_path}: {error.message[:300]}"
                for error in validator.iter_errors(orjson.loads(body))
            )

    @lru_cache(maxsize=1000)  # noqa: B019 - there is one description
    def _validator(self, schema: str) -> Draft202012Validator:
        # Its import takes seconds where rfc3987-syntax is installed.
        from jsonschema import Draft202012Validator

        absolute = orjson.loads(schema.replace('"#/', f'"{HERE}#/'))
        return Draft202012Validator(absolute, registry=self._registry)


def _harm(operation: Operation) -> int:
    """What is to be asked last: nothing is left afterwards, or another store is shown."""
    return sum(word in operation.path for word in ("empty", "delete", "root_dir"))
