from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.answers import read

RUN = "20250101_000000_abcdef"


@pytest.fixture
def run(store: Path, make_run: Any) -> str:
    """One run in the store."""
    return str(make_run(store, run_id=RUN, logs="one two\n", metrics=[{"loss": 1.0}]))


def test_a_wrong_type_is_bad_input_that_names_its_field(
    run: str, api: Any, subtests: pytest.Subtests
) -> None:
    for method, path, body, field in [
        ("post", "/api/runs/soft-delete", {"run_ids": [1]}, "run_ids"),
        ("post", "/api/runs/soft-delete", {"run_ids": [None]}, "run_ids"),
        ("post", "/api/runs/soft-delete", {"run_ids": [[RUN]]}, "run_ids"),
        ("post", "/api/runs/soft-delete", {"run_ids": RUN}, "run_ids"),
        ("post", "/api/runs/soft-delete", {"run_ids": [RUN], "reason": 5}, "reason"),
        ("post", "/api/runs/soft-delete", {"run_ids": [RUN], "reason": ["a"]}, "reason"),
        ("post", "/api/recycle-bin/restore", {"run_ids": [1.5]}, "run_ids"),
        ("post", "/api/recycle-bin/empty", {"confirm": 1}, "confirm"),
        ("post", "/api/recycle-bin/empty", {"confirm": "true"}, "confirm"),
        ("post", "/api/recycle-bin/empty", {"confirm": False}, "confirm"),
        ("patch", f"/api/runs/{RUN}", {"tags": [1]}, "tags"),
        ("patch", f"/api/runs/{RUN}", {"tags": "a"}, "tags"),
        ("patch", f"/api/runs/{RUN}", {"pinned": "yes"}, "pinned"),
        ("patch", f"/api/runs/{RUN}", {"pinned": 1}, "pinned"),
        ("patch", f"/api/runs/{RUN}", {"description": 10**400}, "description"),
        ("post", "/api/runs/tags", {"run_ids": [RUN], "add": [True]}, "add"),
        ("post", "/api/experiments/tag", {"run_id": 5, "tags": ["a"]}, "run_id"),
        ("post", "/api/experiments/tag", {"run_id": RUN, "tags": ["a"], "append": "no"}, "append"),
        ("delete", "/api/experiments/delete", {"run_ids": [RUN], "force": "true"}, "force"),
        ("post", "/api/v2/experiments/batch-delete", {"exp_ids": [1]}, "exp_ids"),
        ("post", "/api/config/column-widths", {"table": 1, "size": "a", "widths": {}}, "table"),
        ("post", "/api/config/column-widths", {"table": "t", "size": "a", "widths": {"a": "5"}}, "widths"),
        ("post", "/api/config/user_root_dir", {"path": 5}, "path"),
    ]:
        with subtests.test(method=method, path=path, body=body, field=field):
            before = api.get(f"/api/runs/{run}").json()
            answer = getattr(api, method)(path, body)
            assert answer.status_code == 400
            assert list(answer.json()) == ["detail", "errors"]
            assert list(answer.json()["errors"]) == [field]
            assert api.get(f"/api/runs/{run}").json() == before


def test_null_for_an_optional_field_counts_as_missing(run: str, api: Any) -> None:
    api.patch(f"/api/runs/{run}", {"tags": ["a"], "description": "b", "pinned": True})
    same = api.patch(
        f"/api/runs/{run}", {"tags": None, "description": None, "pinned": None, "archived": None}
    )
    assert same.status_code == 200
    assert {name: same.json()[name] for name in ("tags", "description", "pinned", "archived")} == {
        "tags": ["a"],
        "description": "b",
        "pinned": True,
        "archived": False,
    }
    assert api.post("/api/runs/tags", {"run_ids": [run], "add": None, "remove": ["a"]}).json()["updated"] == 1
    deleted = api.post("/api/runs/soft-delete", {"run_ids": [run], "reason": None})
    assert deleted.json()["deleted_count"] == 1
    assert read(api.get("/api/recycle-bin"))
    assert api.post("/api/recycle-bin/empty", {"confirm": None}).status_code == 400
    assert api.post("/api/recycle-bin/restore", {"run_ids": None}).status_code == 400


def test_invalid_ids_and_too_many_of_them_are_errors_of_their_field(run: str, api: Any) -> None:
    for path, verb in (
        ("runs/soft-delete", "delete"),
        ("recycle-bin/restore", "restore"),
        ("runs/tags", "tag"),
    ):
        odd = api.post(f"/api/{path}", {"run_ids": [run, "nonsense"]}).json()
        sentence = "Invalid run_id format: nonsense. Expected format: YYYYMMDD_HHMMSS_XXXXXX"
        assert odd == {"detail": sentence, "errors": {"run_ids": [sentence]}}
        many = [f"20250101_000000_{number:06d}" for number in range(101)]
        sentence = f"Cannot {verb} more than 100 runs at once"
        assert api.post(f"/api/{path}", {"run_ids": many}).json() == {
            "detail": sentence,
            "errors": {"run_ids": [sentence]},
        }
    assert list(api.get("/api/runs/nonsense").json()["errors"]) == ["run_id"]
    assert list(api.get("/api/v2/series?ids=nonsense").json()["errors"]) == ["ids"]
    batch = api.post("/api/v2/experiments/batch-delete", {"exp_ids": [run, "nonsense"]})
    assert list(batch.json()["errors"]) == ["exp_ids"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/runs?limit=",
        "/api/runs?limit=&offset=&project=&name=&status=&tags=&search=&order_by=&order_desc=",
        f"/api/runs/{RUN}/logs?tail=&offset=&search=",
        f"/api/runs/{RUN}/metrics?downsample=",
        f"/api/runs/{RUN}/metrics_step?downsample=",
        f"/api/v2/experiments/{RUN}/series?names=&points=&x=&step_range=&time_range=&after_row=&generation=",
        "/api/v2/experiments?page=&per_page=&where=&created_after=&best_metric_min=&include_deleted=",
        "/api/experiments/search?project=&tags=&text=&archived=",
    ],
)
def test_a_parameter_without_a_value_counts_as_missing(run: str, api: Any, address: str) -> None:
    empty, absent = api.get(address), api.get(address.partition("?")[0])
    assert (empty.status_code, absent.status_code) == (200, 200)
    assert content(empty) == content(absent)


def content(answer: Any) -> Any:
    """Return the content of a response without its duration."""
    if answer.streaming:
        return b"".join(answer.streaming_content)
    document = answer.json()
    if isinstance(document, dict):
        document.pop("query_time_ms", None)
    return document


@pytest.mark.parametrize("accept", ["image/png", "text/csv", "nonsense", ";;,", "", "application/xml;q=0.9"])
def test_an_unsupported_accept_header_gets_json(run: str, api: Any, accept: str) -> None:
    for path, status in ((f"/api/runs/{run}", 200), ("/api/runs?limit=x", 400), ("/api/nothing", 404)):
        answer = api.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
