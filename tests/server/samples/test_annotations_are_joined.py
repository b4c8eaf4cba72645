"""Values that are computed after a sample was written belong to it: annotations of prime-rl, and of `log_samples`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runicorn_importers.samples.folders import import_samples, sample_folders
from tests.answers import read
from tests.importers.samples import folders
from tests.server.samples.conftest import Log, sample

Fetch = Callable[..., Any]
LATER = "rollouts.annotations"


@pytest.fixture
def fetch(api: Any) -> Fetch:
    """`fetch(run, what, **query)` is what the page fetches."""

    def ask(run: Path, what: str, **query: Any) -> Any:
        return read(api.get(f"/runs/{run.name}/samples-data/{what}/rollouts", query))

    return ask


def test_values_of_prime_rl_that_its_trainer_writes_later_are_streams_of_the_sample(
    log: Log, fetch: Fetch, rows: Any, store: Path, tmp_path: Path
) -> None:
    run, source = log([sample(1)], name="other"), tmp_path / "prime"
    folders.prime_rl(source)

    def scan() -> int:
        (folder,) = sample_folders(source)
        import_samples(store, folder, run=run.name)
        by_id = {row["id"]: row["_row"] for row in rows(run)["rows"]}
        return int(by_id["trace-1"])

    number = scan()
    assert "entropy" not in fetch(run, "tokens", row=number)["streams"]
    unknown = [None, None]
    values = {"trainer_logprobs": [*unknown, -0.3, -0.4], "entropies": [*unknown, 0.7, 0.8]}
    folders.annotate(source, "trainer", [folders.annotation(1, **values, advantages=[*unknown, 0.1, 0.2])])
    folders.annotate(source, "orchestrator", [folders.annotation(1)])
    assert scan() == number
    streams = fetch(run, "tokens", row=number)["streams"]
    assert streams["entropy"] == [*unknown, 0.7, 0.8] and streams["advantage"] == [*unknown, 0.1, 0.2]
    assert streams["difference"] == pytest.approx([*unknown, -0.2, -0.2])
    folders.annotate(source, "trainer", [folders.annotation(1, entropies=[*unknown, 0.9, 1.0])])
    assert scan() == number
    assert fetch(run, "tokens", row=number)["streams"]["entropy"] == [*unknown, 0.9, 1.0]
    (whole,) = rows(run, row=number)["rows"]
    assert whole["trainer_logprobs"] == [*unknown, -0.3, -0.4]
    assert whole["record"]["info"] == {"advantage": 0.5, "kind": "train", "ship": {"step": 5}}
    raw = json.loads(fetch(run, "text", row=number, path="[]")["text"])
    assert raw["entropy"] == [*unknown, 0.9, 1.0] and raw["_step"] == 3
    other = next(row for row in rows(run)["rows"] if row["id"] == "trace-0")
    assert "entropy" not in fetch(run, "tokens", row=other["_row"])["streams"]


def test_values_of_another_branch_or_other_tokens_are_not_those_of_the_sample(log: Log, fetch: Fetch) -> None:
    nodes = [{"parent": None}, {"parent": 0}, {"parent": 0}]
    run = log([{"id": "a", "token_ids": [1, 2], "record": {"nodes": nodes}}, {"id": "b", "token_ids": [1]}])
    branches = [{"branch": 1, "entropy": [0.3, 0.4]}]
    log([{"id": "a", "branch": 0, "entropy": [0.1, 0.2], "branches": branches}], name=LATER, run=run)
    log([{"id": "b", "branch": 0, "entropy": [0.1, 0.2]}], name=LATER, run=run)
    assert fetch(run, "tokens", row=0)["streams"] == {"entropy": [0.3, 0.4]}
    assert fetch(run, "tokens", row=1)["streams"] == {}


def test_annotations_of_a_step_belong_to_the_sample_of_that_step(log: Log, rows: Any) -> None:
    run = log([{"id": "a"}], step=1)
    log([{"id": "a"}], step=2, run=run)
    log([{"id": "a", "judged": 0.5}], name=LATER, step=2, run=run)
    log([{"id": "a", "checked": True}], name=LATER, run=run)
    first, second = (rows(run, row=row["_row"])["rows"][0] for row in rows(run)["rows"])
    assert "judged" not in first and first["checked"] is True
    assert second["judged"] == 0.5 and second["checked"] is True and second["_step"] == 2
