from __future__ import annotations

import pytest

import runicorn.api as api
from tests.sdk.client.conftest import BEGIN, IDS


def test_metrics_are_points_by_name(client: api.RunicornClient) -> None:
    metrics = client.get_metrics(IDS[0])["metrics"]
    assert metrics.keys() == {"loss", "accuracy", "val, top"}
    assert metrics["loss"][1] == {"step": 2, "value": 0.5, "timestamp": BEGIN + 2}
    assert [point["step"] for point in metrics["val, top"]] == [1, 3, 5, 7, 9]


def test_only_the_metrics_that_are_wanted_come(client: api.RunicornClient) -> None:
    assert client.get_metrics(IDS[0], ["loss", "unknown"])["metrics"].keys() == {"loss"}
    assert client.get_metrics(IDS[0], ["val, top"])["metrics"].keys() == {"val, top"}
    assert client.get_metrics(IDS[0], "val, top")["metrics"].keys() == {"val, top"}
    assert [series["name"] for series in client.get_series(IDS[0], "val, top")["series"]] == ["val, top"]
    assert client.get_metrics(IDS[0], [])["metrics"] == {}
    few = client.get_metrics(IDS[4], ["loss"], limit=4)["metrics"]["loss"]
    assert (2 <= len(few) <= 4, few[0]["step"], few[-1]["step"]) == (True, 1, 14)


def test_too_few_points_are_refused(client: api.RunicornClient) -> None:
    with pytest.raises(api.BadRequestError, match="downsample"):
        client.get_metrics(IDS[0], limit=1)
    with pytest.raises(api.NotFoundError, match="20231114_221320_zzzzzz"):
        client.get_metrics("20231114_221320_zzzzzz")
