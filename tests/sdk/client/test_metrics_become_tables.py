from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

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


def test_runs_are_a_frame_with_settings_summary_and_metrics(client: api.RunicornClient) -> None:
    api.metric_of_runs(client, IDS, "loss")  # so that the viewer has read the journals
    frame = api.runs_frame(client)
    assert list(frame["id"]) == IDS[::-1] and frame["status"].iloc[1] == "failed"
    assert frame["config.lr"].iloc[-1] == pytest.approx(0.1) and set(frame["summary.note"]) == {"good"}
    assert frame["metric.loss.last"].iloc[-1] == frame["metric.loss.best"].iloc[-1] == 0.1
    assert frame["metric.accuracy.best"].iloc[0] == 0.14
    assert list(api.runs_frame(client, project="nlp")["id"]) == [IDS[3], IDS[1]]
    assert frame["metrics"].iloc[0].endswith("events.jsonl")
    assert "config" not in client.list_experiments(limit=1)[0]


def test_a_metric_of_many_runs_is_one_request(
    client: api.RunicornClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = []
    send = client._transport.json

    def count(*arguments: Any, **named: Any) -> Any:
        requests.append(arguments)
        return send(*arguments, **named)

    monkeypatch.setattr(client._transport, "json", count)
    curves = api.metric_of_runs(client, IDS, "loss")
    assert len(requests) == 1 and list(curves) == IDS
    assert [len(points) for points in curves.values()] == [10, 11, 12, 13, 14]
    assert curves[IDS[0]][1] == {"step": 2, "value": 0.5, "timestamp": None}


NUMBERS = {"name": "loss", "count": 4, "x": [1, 2, 3, 4], "y": [None, 0.5, None, None]}
SPECIAL = [[0, "nan"], [2, "inf"], [3, "-inf"]]


def test_special_values_are_kept_and_long_curves_fetched(recorder: Recorder) -> None:
    long = {"id": "b", "name": "loss", "count": 9, "x": [1], "y": [1.0], "special": []}
    recorder.offer("GET", "/api/v2/series", {"series": [{"id": "a", "special": SPECIAL, **NUMBERS}, long]})
    recorder.offer("GET", "/api/v2/experiments/b/series", {"series": [{**long, "count": 1}]})
    with api.RunicornClient(recorder.url) as client:
        curves = api.metric_of_runs(client, ["a", "b", "c"], "loss")
    values = [point["value"] for point in curves["a"]]
    assert str(values) == "[nan, 0.5, inf, -inf]"
    assert [point["value"] for point in curves["b"]] == [1.0] and curves["c"] == []


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
