"""Requests as they are drawn, and how they are put to a viewer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.server.fuzzing.described import Description, Operation
from tests.server.fuzzing.values import RANGES, Values, nasty_text, nasty_texts

JSON = "application/json"


@dataclass(frozen=True, repr=False)
class Asked:
    """A request; `sent` is the body before encoding, for messages of failures."""

    method: str
    target: str
    sent: Any = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = (f"{part!r:.1500}" for part in (self.target, self.sent, self.body, self.headers))
        return f"{self.method.upper()} {' '.join(parts)}"


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    content_type: str
    body: bytes


FORM = "multipart/form-data"
FILE = b'----edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


@st.composite
def requests(draw: st.DrawFn, operation: Operation, values: Values) -> Asked:
    """A request for an operation: with no odd parameter, with one, or with any number of them."""
    places, query = operation.parameters("path"), operation.parameters("query")
    odd = draw(some_of([*places, *query]))
    target = operation.path
    of_artifact = target.startswith("/api/artifacts/")
    for name, schema in places.items():
        valid_text = values.sound(f"artifact_{name}" if of_artifact else name, schema).map(str)
        text = draw(nasty_text if name in odd else valid_text)
        target = target.replace(f"{{{name}}}", encoded(text[:4000]), 1)
    pairs = []
    for name, schema in query.items():
        sound = values.parameter(name, schema, required=name in operation.required)
        pairs += [f"{name}={encoded(text)}" for text in draw(nasty_texts if name in odd else sound)]
    headers = {}
    if "206" in operation.about["responses"] and draw(st.booleans()):
        headers["Range"] = draw(st.sampled_from(RANGES)).encode().decode("latin-1")
    value, body = None, None
    for kind, content in operation.body_types.items():
        headers["Content-Type"] = draw(
            st.sampled_from([kind] * 12 + ["text/plain", "application/json; charset=utf-16"])
        )
        value = draw(values.body(content["schema"]) if kind == JSON else st.binary(max_size=50))
        body = as_bytes(value, draw(st.integers(0, 15)))
        if headers["Content-Type"] == FORM and draw(st.booleans()):
            headers["Content-Type"] += "; boundary=--edge"
            body = FILE + body + b"\r\n----edge--\r\n"
    return Asked(operation.method, target + ("?" + "&".join(pairs) if pairs else ""), value, body, headers)


def some_of(names: list[str]) -> st.SearchStrategy[set[str]]:
    """None of the names, one, or several."""
    if not names:
        return st.just(set())
    single = st.sampled_from(names)
    return st.just(set()) | single.map(lambda name: {name}) | st.sets(single)


def encoded(text: str) -> str:
    """A text in an address; half a character of UTF-16 goes as its three bytes, as a careless client sends it."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def as_bytes(value: Any, choice: int) -> bytes:
    """A body as JSON; now and then torn, or in characters that JSON escapes in vain."""
    if isinstance(value, bytes):
        return value
    text = json.dumps(value, ensure_ascii=choice != 0)
    return text.encode("utf-8", "surrogatepass")[: -1 if choice == 1 else None]


class Asker:
    """A client with one connection, which sends addresses exactly as they are drawn."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __call__(self, request: Asked) -> Answer:
        """The answer; a body that breaks off raises."""
        try:
            self._connection.request(request.method.upper(), request.target, request.body, request.headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())
        except (http.client.HTTPException, OSError):
            self._connection.close()
            raise


def complaints(description: Description, request: Asked, answer: Answer) -> Iterator[str]:
    """Yield what is wrong with a response, in sentences."""
    # An unreachable remote host is not a failure of the server.
    if answer.status >= 500 and not (answer.status == 503 and request.target.startswith("/api/remote/")):
        yield f"the server failed with {answer.status}"
    if answer.status >= 400 and not answer.content_type.startswith(JSON):
        yield f"an error is {answer.content_type!r}"
    operation = description.answering(request.method, request.target)
    if operation is None:
        if answer.status < 400:
            yield "an address that is not described answers"
        return
    yield from description.complaints(operation, answer.status, answer.content_type, answer.body)
    if answer.status == 400:
        yield from unnamed(description, operation, request.sent, json.loads(answer.body))


def unnamed(
    description: Description, operation: Operation, body: Any, problem: dict[str, Any]
) -> Iterator[str]:
    """A complaint when bad input is told without saying which parameter it is about."""
    names = {*operation.parameters("path"), *operation.parameters("query")}
    for content in operation.body_types.values():
        names |= set(description.fields(content["schema"]))
    detail, errors = problem["detail"], problem.get("errors", {})
    # An unknown field is refused by its own name, with a question mark for what is no text.
    if isinstance(body, dict):
        sent_names = {str(name)[:100].encode("utf-8", "replace").decode() for name in body}
        if errors.keys() & sent_names:
            return
    if detail.startswith("JSON parse error") or "non_field_errors" in errors or names & errors.keys():
        return
    if not any(name.removesuffix("s") in detail.lower() for name in names):
        yield f"{detail!r} names none of {sorted(names)}"
