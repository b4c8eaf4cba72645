from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_body_nested_too_deep_gets_a_sentence(store: object, client: Client) -> None:
    body = '{"run_ids":' + "[" * 100_000 + "]" * 100_000 + "}"
    answer = client.post("/api/runs/soft-delete", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"] == "JSON parse error - nested too deep"


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["xml", "csv", "api", "nothing"])
def test_a_format_in_the_query_is_an_unknown_parameter(store: object, client: Client, word: str) -> None:
    answer = client.get(f"/api/runs?format={word}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_is_only_read(client: Client, path: str) -> None:
    assert client.options(path).status_code == 405
    assert client.get(path).status_code == 200
