from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient


@pytest.mark.parametrize("force", ["yes", "true", 1, []])
def test_values_that_only_resemble_true_are_refused(
    store: Path, make_run: Callable[..., str], api: APIClient, force: Any
) -> None:
    run_id = make_run(store)
    answer = api.delete("/api/experiments/delete", {"run_ids": [run_id], "force": force}, format="json")
    assert answer.status_code == 400
    assert api.get(f"/api/runs/{run_id}").status_code == 200


def test_true_removes_the_folder(store: Path, make_run: Callable[..., str], api: APIClient) -> None:
    run_id = make_run(store, "p", "n")
    answer = api.delete("/api/experiments/delete", {"run_ids": [run_id], "force": True}, format="json")
    assert answer.json() == {"results": {run_id: True}}
    assert not (store / "p" / "n" / "runs" / run_id).exists()
