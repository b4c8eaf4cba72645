from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from runicorn_site.web.compiled_query import compiled
from runicorn_site.web.endpoint import DESCRIPTION, Description

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "x",
        "a,b",
        ",",
        "0",
        "1",
        "-1",
        "7",
        "1e400",
        "nan",
        "true",
        "no",
        "2026-01-31",
        "1:5",
        "a:",
        "metric.a.best",
        "created_at",
        "name",
        "9" * 30,
        "step",
        "mean",
        "config.lr < 1",
        "é" * 300,
    ]
)


def queries(patterns: Any = None) -> Iterator[Any]:
    """Yield the serializer of the query string of each route that has one."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            yield from queries(entry.url_patterns)
        elif isinstance(entry, URLPattern) and (view := getattr(entry.callback, "cls", None)) is not None:
            description: Description | None = getattr(getattr(view, "get", None), DESCRIPTION, None)
            if description is not None and description.query is not None:
                yield description.query


def outcome(validate: Any, text: str) -> Any:
    try:
        return validate(QueryDict(text))
    except ValidationError as error:
        return repr(error.detail)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_compiled_query_accepts_and_refuses_what_its_serializer_does(store: object, data: Any) -> None:
    kinds = sorted(set(queries()), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
    assert len(kinds) > 10
    for kind in kinds:
        names = [*kind().fields, "unknown", f"{next(iter(kind().fields))}[0]"]
        pairs = data.draw(st.lists(st.tuples(st.sampled_from(names), TEXTS), max_size=6), label=kind.__name__)
        query = QueryDict(mutable=True)
        for name, text in pairs:
            query.appendlist(name, text)

        def of_serializer(params: QueryDict, kind: Any = kind) -> Any:
            serializer = kind(data=params)
            serializer.is_valid(raise_exception=True)
            return dict(serializer.validated_data)

        address = query.urlencode()
        assert outcome(compiled(kind), address) == outcome(of_serializer, address), (kind, address)
