"""What the description of the API says of every route alike. The rest is said by the routes themselves."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

TOO_MANY = {
    "type": "object",
    "properties": {
        "detail": {"type": "string"},
        "retry_after": {"type": "integer", "description": "Seconds; also in the header Retry-After."},
    },
    "required": ["detail", "retry_after"],
}
MEANINGS = {
    "400": "A parameter, the body or the name of the host makes no sense. Nothing was changed.",
    "401": "The viewer asks for its token.",
    "403": "Another site or host may not ask this.",
    "404": "There is no such thing.",
    "405": "The route does not have this method.",
    "409": "It does not go together with what is there.",
    "413": "The body is larger than the server takes.",
    "414": "The address is longer than any may be.",
    "415": "The body is not of the type that the route takes.",
    "416": "The file has none of the bytes that were asked for.",
    "429": "Asked too often: wait for `retry_after` seconds.",
    "431": "The headers are longer than any may be.",
    "500": "Something went wrong in the server; its log says what.",
    "503": "The database, or what the server needs besides, is not available right now.",
    "507": "The disk has no room for it; nothing was written.",
}
EVERYWHERE = ("400", "401", "403", "405", "413", "414", "429", "431", "500", "503", "507")
LIMITS = {
    "X-RateLimit-Limit": "Requests in a window.",
    "X-RateLimit-Remaining": "Requests that are left in this one.",
    "X-RateLimit-Reset": "Seconds until it ends.",
}


class Operation(AutoSchema):
    """How a method of a view is described: as drf-spectacular does, and DELETE with its body where it takes one."""

    def get_request_serializer(self) -> Any:
        """The body; a DELETE has one when `extend_schema(request=…)` says so."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _get_request_body(self, direction: Any = "request") -> Any:
        if self.method != "DELETE" or self.get_request_serializer() is None:
            return super()._get_request_body(direction)
        self.method = "POST"  # of a DELETE drf-spectacular never asks for a body
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = "DELETE"


def with_common_answers(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """drf-spectacular's hook: what any route may answer is said here, once, and referred to by every operation.

    A status that an operation describes with a body of its own is left alone.
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


def _problem(status: str) -> dict[str, Any]:
    name = "TooMany" if status == "429" else "Problem"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    return {"description": MEANINGS[status], "headers": _limit_headers(), "content": content}


def _limit_headers() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in LIMITS}


def _complete(operation: dict[str, Any], has_name: bool) -> None:
    """Give an operation the answers that every route has, in the order of their statuses."""
    answers = operation["responses"]
    common = {*EVERYWHERE, *(["404"] if has_name else []), *(["415"] if "requestBody" in operation else [])}
    for status in common | {status for status in answers if status in MEANINGS}:
        schemas = [kind.get("schema") for kind in answers.get(status, {}).get("content", {}).values()]
        if all(schema == {"$ref": "#/components/schemas/Problem"} for schema in schemas):
            answers[status] = {"$ref": f"#/components/responses/{status}"}
    for answer in answers.values():
        if "$ref" not in answer:
            answer["headers"] = answer.get("headers", {}) | _limit_headers()
            answer["description"] = answer.get("description") or "Done."
    operation["responses"] = dict(sorted(answers.items()))
