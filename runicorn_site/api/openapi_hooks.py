"""Responses that every route has, for the OpenAPI description."""

from __future__ import annotations

import re
from typing import Any, NotRequired, TypedDict

from drf_spectacular.openapi import AutoSchema

from runicorn.json_value import JsonObject

TOO_MANY: JsonObject = {
    "type": "object",
    "properties": {
        "detail": {"type": "string"},
        "retry_after": {"type": "integer", "description": "Seconds; also in the header Retry-After."},
    },
    "required": ["detail", "retry_after"],
}
MEANINGS = {
    "400": "Invalid parameter, body or host name. Nothing was changed.",
    "401": "Token required.",
    "403": "Requests from other sites and hosts are refused.",
    "404": "Not found.",
    "405": "Method not allowed.",
    "409": "Conflicts with the current state.",
    "413": "The body is larger than the limit.",
    "414": "The address is too long.",
    "415": "Unsupported content type.",
    "416": "The range lies outside the file.",
    "429": "Rate limit exceeded: wait for `retry_after` seconds.",
    "431": "The headers are too long.",
    "500": "Internal error; the server's log has the details.",
    "503": "The database or another service is unavailable.",
    "507": "Not enough disk space; nothing was written.",
}
EVERYWHERE = ("400", "401", "403", "405", "413", "414", "429", "431", "500", "503", "507")
LIMITS = {
    "X-RateLimit-Limit": "Requests in a window.",
    "X-RateLimit-Remaining": "Requests that are left in this one.",
    "X-RateLimit-Reset": "Seconds until it ends.",
}


class Operation(AutoSchema):
    """drf-spectacular's description of a method, with the request body of a DELETE."""

    def get_operation_id(self) -> str:
        """Name the GET of a view with `is_list` as that of a list, which it is not by its response."""
        name: str = super().get_operation_id()
        is_list = self.method == "GET" and getattr(self.view, "is_list", False)
        return name.removesuffix("retrieve") + "list" if is_list else name

    def get_summary(self) -> str:
        """Return the first clause of the description; without a summary ReDoc shows the operation id."""
        return re.split(r"[.;:]", self.get_description(), maxsplit=1)[0].replace("`", "")

    def get_request_serializer(self) -> Any:
        """Return the serializer of the body; a DELETE has one if `extend_schema(request=…)` names it."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        self.method = "POST"  # of a DELETE drf-spectacular never asks for a body
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"


class MediaType(TypedDict):
    """Content of a response in one format."""

    schema: JsonObject


ResponseObject = TypedDict(
    "ResponseObject",
    {"$ref": str, "description": str, "headers": JsonObject, "content": dict[str, MediaType]},
    total=False,
)
"""A response of an operation, or a reference to one of `Components`."""


class OperationObject(TypedDict):
    """A method of a route."""

    responses: dict[str, ResponseObject]
    requestBody: NotRequired[JsonObject]


class Components(TypedDict):
    """Parts of the description that operations refer to."""

    schemas: JsonObject
    headers: JsonObject
    responses: dict[str, ResponseObject]


class Document(TypedDict):
    """The parts of an OpenAPI document that are changed here."""

    components: Components
    paths: dict[str, dict[str, OperationObject]]


def with_common_responses(result: Document, **context: Any) -> Document:
    """Describe the responses of every route once, and refer to them from every operation.

    A status that an operation describes with a body of its own is kept.
    """
    components = result["components"]
    components["schemas"]["TooMany"] = TOO_MANY
    components["headers"] = {
        name: {"schema": {"type": "integer"}, "description": text} for name, text in LIMITS.items()
    }
    components["responses"] = {status: _problem(status) for status in MEANINGS}
    for path, item in result["paths"].items():
        for operation in item.values():
            _complete(operation, has_name="{" in path)
    return result


def _problem(status: str) -> ResponseObject:
    name = "TooMany" if status == "429" else "Problem"
    content: dict[str, MediaType] = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": MEANINGS[status], "headers": _limit_headers(), "content": content}


def _limit_headers() -> JsonObject:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in LIMITS}


def _complete(operation: OperationObject, has_name: bool) -> None:
    """Add the responses that every route has, ordered by status."""
    answers = operation["responses"]
    common = {*EVERYWHERE, *(["404"] if has_name else []), *(["415"] if "requestBody" in operation else [])}
    for status in common | {status for status in answers if status in MEANINGS}:
        described = answers.get(status, ResponseObject())
        schemas = [media_type["schema"] for media_type in described.get("content", {}).values()]
        if all(schema == {"$ref": "#/components/schemas/Problem"} for schema in schemas):
            answers[status] = {"$ref": f"#/components/responses/{status}"}
    for answer in answers.values():
        if "$ref" not in answer:
            answer["headers"] = answer.get("headers", {}) | _limit_headers()
            answer["description"] = answer.get("description") or "Done."
    operation["responses"] = dict(sorted(answers.items()))
