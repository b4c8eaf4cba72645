"""What programs are made from: `/openapi.json` names every answer that a route gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from typing import Any

import orjson
import pytest
from drf_spectacular.drainage import GENERATOR_STATS

from runicorn_site.api import openapi_document
from runicorn_site.api.openapi_document import schema
from runicorn_site.api.openapi_hooks import EVERYWHERE

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The description as the routes are now."""
    schema.cache_clear()
    GENERATOR_STATS.reset()
    return dict(orjson.loads(schema()))


@pytest.fixture(scope="module")
def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every operation by method and path."""
    paths = description["paths"]
    return {
        f"{method} {path}": item[method] for path, item in paths.items() for method in METHODS & item.keys()
    }


def resolved(description: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, or what it refers to."""
    name = answer.get("$ref", "").rpartition("/")[2]
    response: dict[str, Any] = description["components"]["responses"][name] if name else answer
    return response


def test_nothing_in_it_had_to_be_guessed(description: dict[str, Any]) -> None:
    assert not GENERATOR_STATS, GENERATOR_STATS.emit_summary()


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for _, kind, name in re.findall(r'"(#/components/(\w+)/([^"]+))"', orjson.dumps(description).decode()):
        assert name in description["components"][kind]


def schemas_with_a_default(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the place and the schema of every default."""
    if (
        isinstance(node, dict)
        and "default" in node
        and {"type", "$ref", "enum", "oneOf", "allOf"} & node.keys()
    ):
        yield place, node
    for key, below in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(below, dict | list):
            yield from schemas_with_a_default(below, f"{place}/{key}")


def test_schemas_are_valid_and_their_defaults_fit_them(description: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # its import takes seconds where rfc3987-syntax is installed

    for component in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(component)
    components, defaults = description["components"], list(schemas_with_a_default(description))
    assert len(defaults) > 20
    wrong = {
        place: [error.message for error in errors]
        for place, node in defaults
        if (
            errors := [*Draft202012Validator({**node, "components": components}).iter_errors(node["default"])]
        )
    }
    assert wrong == {}


def test_no_part_of_a_sentence_would_be_lost_as_markup(description: dict[str, Any]) -> None:
    texts = re.findall(r'"description":"((?:[^"\\]|\\.)*)"', orjson.dumps(description).decode())
    outside = [re.sub(r"`[^`]*`", "", text) for text in texts]
    assert len(texts) > 200 and not [text for text in outside if re.search(r"<\w", text)]


def test_every_operation_has_a_summary(operations: dict[str, dict[str, Any]]) -> None:
    assert operations["get /api/v2/alerts/rules"]["summary"] == "List the rules by id"
    summaries = {name: operation.get("summary", "") for name, operation in operations.items()}
    assert not {name: text for name, text in summaries.items() if not 8 <= len(text) <= 120 or "`" in text}


def test_every_choice_has_a_value(description: dict[str, Any]) -> None:
    def choices(part: Any) -> Iterator[list[Any]]:
        if isinstance(part, dict):
            if isinstance(part.get("enum"), list):
                yield part["enum"]
            part = list(part.values())
        for inner in part if isinstance(part, list) else ():
            yield from choices(inner)

    assert [choice for choice in choices(description) if not choice or "" in choice] == []


def test_every_operation_has_a_name_of_its_own_without_a_number(
    operations: dict[str, dict[str, Any]],
) -> None:
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert not [name for name in names if re.search(r"_\d+$", name)]


def test_every_operation_names_the_answers_of_every_route(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        expected = {
            *EVERYWHERE,
            *(["404"] if "{" in name else []),
            *(["415"] if "requestBody" in operation else []),
        }
        assert expected <= operation["responses"].keys(), name
        assert {"200", "201"} & operation["responses"].keys(), name


def test_every_error_has_a_sentence_and_too_many_a_time_to_wait(
    description: dict[str, Any], operations: dict[str, dict[str, Any]]
) -> None:
    for operation in operations.values():
        for status, answer in operation["responses"].items():
            if status < "400":
                continue
            content = resolved(description, answer)["content"]["application/json"]["schema"]
            problem = description["components"]["schemas"][content["$ref"].rpartition("/")[2]]
            assert "detail" in problem["required"]
            assert (status == "429") == ("retry_after" in problem["required"])


def test_every_success_says_what_is_in_it(operations: dict[str, dict[str, Any]]) -> None:
    for name, operation in operations.items():
        for status in {"200", "201"} & operation["responses"].keys():
            for kind, content in operation["responses"][status]["content"].items():
                fields = content["schema"].get("items", content["schema"])
                # Only a schema that may be null stands in its place.
                assert kind != "application/json" or "$ref" in fields or fields.get("nullable"), name


def test_a_delete_shows_its_body_and_what_it_answers(operations: dict[str, dict[str, Any]]) -> None:
    assert "requestBody" in operations["delete /api/experiments/delete"]
    assert "requestBody" not in operations["delete /api/config/column-widths"]
    assert "204" not in operations["delete /api/config/column-widths"]["responses"]


def test_one_thread_at_a_time_generates_the_description(monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(2)

    class Generator:
        def get_schema(self, **_: Any) -> dict[str, bool]:
            try:
                together.wait(timeout=0.1)
            except BrokenBarrierError:
                return {"together": False}
            return {"together": True}

    schema.cache_clear()
    monkeypatch.setattr(openapi_document, "SchemaGenerator", Generator)
    try:
        with ThreadPoolExecutor(2) as threads:
            documents = [future.result() for future in [threads.submit(schema), threads.submit(schema)]]
    finally:
        schema.cache_clear()
    assert documents == [b'{"together":false}'] * 2
