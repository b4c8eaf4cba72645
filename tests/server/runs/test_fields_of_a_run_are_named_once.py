"""The keys of a response about runs name the fields of the row: one TypedDict determines columns and content."""

from __future__ import annotations

from typing import TypedDict

import pytest

from runs.api.experiments import EXPERIMENT
from runs.api.responses import DELETED, DETAIL, FOUND, ITEM, Columns
from runs.models import Run, StorageRoot


class WithGroup(TypedDict):
    """A response with a field that no response has yet."""

    id: str
    group: str
    delete_reason: str
    run_dir: str


@pytest.mark.parametrize("columns", [ITEM, DETAIL, DELETED, FOUND, EXPERIMENT])
def test_every_key_of_a_response_is_a_field_of_the_row(columns: Columns[object]) -> None:
    assert set(columns.fields) <= {field.name for field in Run._meta.get_fields()}


def test_a_key_of_the_type_is_all_that_a_new_field_needs() -> None:
    columns = Columns(WithGroup)
    row = Run(run_id="20260101_000000_aaaaaa", group="sweep", folder="p/n/runs/20260101_000000_aaaaaa")
    row.root = StorageRoot(path="/store")
    expected = {"id": row.run_id, "group": "sweep", "delete_reason": "", "run_dir": f"/store/{row.folder}"}
    assert columns.of(row) == expected
    assert columns.build("/store", [getattr(row, field) for field in columns.fields]) == expected
