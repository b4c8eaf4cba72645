from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import runicorn.api as api
from runicorn.api import utils
from tests.sdk.client.conftest import IDS
from tests.sdk.client.recorder import Recorder

UNEVEN = {
    "metrics": {
        "loss": [{"step": 1, "value": 0.5}, {"step": 3, "value": 0.25}],
        "=note": [{"step": 2, "value": "=1+1"}, {"step": 3, "value": "fine"}],
    }
}


def test_metrics_are_aligned_by_step() -> None:
    frame = utils.metrics_to_dataframe(UNEVEN)
    assert list(frame.columns) == ["step", "loss", "=note"]
    assert list(frame["step"]) == [1, 2, 3]
    assert frame["loss"].isna().tolist() == [False, True, False]
    assert frame["loss"].dropna().tolist() == [0.5, 0.25]
    empty = utils.metrics_to_dataframe({"metrics": {}})
    assert (list(empty.columns), len(empty)) == (["step"], 0)


def test_experiments_have_times(client: api.RunicornClient) -> None:
    frame = utils.experiments_to_dataframe(client.list_experiments())
    assert list(frame["id"]) == IDS[::-1]
    assert frame["created_at"].iloc[-1] == pd.Timestamp("2023-11-14T22:13:20Z")
    assert frame.groupby("project").size().to_dict() == {"nlp": 2, "vision": 3}
    assert utils.experiments_to_dataframe([]).empty


def test_runs_are_compared_by_step(client: api.RunicornClient) -> None:
    frame = utils.compare_runs(client, [IDS[0], IDS[2], IDS[0]], "loss")
    assert list(frame.columns) == ["step", IDS[0], IDS[2]]
    assert (len(frame), frame[IDS[0]].count(), frame[IDS[2]].count()) == (12, 10, 12)
    assert frame[IDS[0]].iloc[1] == frame[IDS[2]].iloc[1] == 0.5
    assert utils.compare_runs(client, IDS[:2], "unknown").empty


def test_a_csv_holds_what_a_data_frame_holds(client: api.RunicornClient, tmp_path: Path) -> None:
    path = utils.export_metrics_to_csv(client, IDS[0], tmp_path / "a.csv", ["loss", "val, top"])
    assert path == str(tmp_path / "a.csv")
    metrics = client.get_metrics(IDS[0], ["loss", "val, top"])
    pd.testing.assert_frame_equal(pd.read_csv(path), utils.metrics_to_dataframe(metrics))


def test_no_cell_is_a_formula(recorder: Recorder, tmp_path: Path) -> None:
    columns = ["global_step", "time", "=note"]
    rows = [{"global_step": 1, "time": 2.0, "=note": "=1+1"}, {"global_step": 2, "time": 3.0, "=note": -1.5}]
    recorder.offer("GET", "/api/v2/experiments/r/metrics/fast", {"columns": columns, "rows": rows})
    with api.RunicornClient(recorder.url) as client:
        utils.export_metrics_to_csv(client, "r", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines() == ["step,'=note", "1,'=1+1", "2,-1.5"]


def test_a_missing_pandas_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="Data frames need pandas: python -m pip install pandas"):
        utils.metrics_to_dataframe(UNEVEN)
