"""The catalog of a store knows what was written after its first question, and runs of any id."""

from __future__ import annotations

from pathlib import Path

import pytest

import runicorn as rn
from runicorn.store.project import analysis
from runicorn_site.catalog import names, store
from runicorn_site.catalog.base import BadQuestion, Query
from runicorn_site.catalog.store import StoreCatalog
from tests.folders import write_run


def test_a_metric_and_a_formula_of_later_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FRESH_SECONDS", 0.0)
    write_run(tmp_path, metrics=[{"loss": 1.0}])
    catalog = StoreCatalog(tmp_path)
    with pytest.raises(BadQuestion, match="brandnew"):
        catalog.select(Query(where="brandnew > 1"))
    later = write_run(tmp_path, metrics=[{"brandnew": 2.0}])
    assert [entry.id for entry in catalog.select(Query(where="brandnew > 1"))] == [later]

    where = "metric.twice.last > 3"
    assert catalog.select(Query(where=where)) == []
    analysis_file = tmp_path / "vision" / "analysis.json"
    analysis_file.write_text('{"formulas": {"twice": "brandnew * 2"}}')
    assert [entry.id for entry in catalog.select(Query(where=where))] == [later]


def test_settings_of_a_project_and_keys_are_read_once_for_all_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FRESH_SECONDS", 60.0)
    for _ in range(20):
        write_run(tmp_path, metrics=[{"loss": 1.0}], config={"lr": 0.1})
    looks: list[str] = []
    path_of, read_keys = analysis.path_of, StoreCatalog._read_keys
    monkeypatch.setattr(analysis, "path_of", lambda *place: looks.append("formulas") or path_of(*place))
    monkeypatch.setattr(
        StoreCatalog, "_read_keys", lambda catalog: looks.append("keys") or read_keys(catalog)
    )
    catalog = StoreCatalog(tmp_path)
    for _ in range(3):
        assert len(catalog.select(Query(where="lr < 1 and loss > 0", metrics=True))) == 20
    assert sorted(looks) == ["formulas", "keys"]


def test_a_run_of_any_id_is_listed_and_hides_no_other(tmp_path: Path) -> None:
    ids = [
        write_run(tmp_path, run_id=run_id, created_at=1_700_000_000.0 + n)
        for n, run_id in enumerate(("my-run", "20231114_221320_aaaaaa", "99999999_999999_abcdef"))
    ]
    catalog = StoreCatalog(tmp_path)
    assert {entry.id for entry in catalog.select(Query(limit=10))} == set(ids)
    assert names.find_run(catalog, "latest").id == ids[-1]


def test_the_best_run_is_that_of_the_goal_of_its_metric(tmp_path: Path) -> None:
    ids = []
    for value in (5.0, 1.0, 3.0):
        with rn.init("vision", storage=tmp_path, capture_env=False, system_metrics=False) as run:
            run.define_metric("points", goal="min")
            run.log({"points": value})
        ids.append(run.id)
    assert names.find_run(StoreCatalog(tmp_path), "best:points").id == ids[1]
