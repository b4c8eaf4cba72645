"""`log_histogram`: the distribution of tensors, arrays and lists."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runicorn as rn
from runicorn.media import histograms
from runicorn.media.histograms import histogram
from tests.sdk.tracking.scripts import Recorded


class Tensor:
    """The methods of a torch tensor on a GPU that are needed here."""

    def __init__(self, array: Any, narrow: bool = False, here: bool = False) -> None:
        self.array, self.narrow, self.here = array, narrow, here
        self.itemsize = 2 if narrow else 4

    def detach(self) -> Tensor:
        return Tensor(self.array, self.narrow, self.here)

    def cpu(self) -> Tensor:
        return Tensor(self.array, self.narrow, here=True)

    def is_floating_point(self) -> bool:
        return True

    def float(self) -> Tensor:
        return Tensor(self.array, False, self.here)

    def numpy(self) -> Any:
        if self.narrow or not self.here:
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array


def test_a_histogram_is_a_file_and_an_event(begin: Callable[..., rn.Run]) -> None:
    with begin(system_metrics=False, capture_env=False) as run:
        path = run.log_histogram("grad/conv", [0, 1, 2, math.nan, math.inf], step=7, bins=4)
    assert path.endswith("_grad_conv.histogram.json")
    assert json.loads((run.run_dir / path).read_text()) == {
        "format": "runicorn.histogram/1",
        "edges": [0.0, 0.5, 1.0, 1.5, 2.0],
        "counts": [1, 0, 1, 1],
        "count": 3,
        "min": 0.0,
        "max": 2.0,
        "mean": 1.0,
        "nan": 1,
        "positive_infinity": 1,
        "negative_infinity": 0,
    }
    (event,) = Recorded(run.run_dir).events("histogram")
    assert (event["key"], event["path"], event["step"]) == ("grad/conv", path, 7)


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, 2, 3],
        (0.0, [1, (2,)], 3),
        range(4),
        np.arange(4),
        np.arange(4, dtype=np.uint8).reshape(2, 2),
        np.arange(4, dtype=np.float16),
        [np.float32(0), np.int64(1), np.array([2, 3])],
        Tensor(np.arange(4.0)),
        Tensor(np.arange(4.0), narrow=True),
        (n for n in range(4)),
    ],
)
def test_many_kinds_are_one_histogram(values: Any) -> None:
    assert histogram(values, 4) == histogram([0, 1, 2, 3], 4)
    assert histogram([0, 1, 2, 3], 4)["counts"] == [1, 1, 1, 1]


def test_counts_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).normal(size=10_000)
    ours, (counts, edges) = histogram(values), np.histogram(values, bins=64)
    assert ours["counts"] == counts.tolist()
    assert ours["edges"] == pytest.approx(edges)
    assert ours["mean"] == pytest.approx(values.mean())


def test_a_tensor_larger_than_a_part_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(size=1000)
    expected = histogram(values)
    monkeypatch.setattr(histograms, "PART", 64)
    assert histogram(values) == expected | {"mean": pytest.approx(expected["mean"])}


@pytest.mark.parametrize("values", [[], [math.nan], np.array([math.nan]), np.array([])])
def test_without_a_finite_value_there_are_no_edges(values: Any) -> None:
    edges_and_counts = histogram(values)
    assert (
        edges_and_counts["edges"],
        edges_and_counts["counts"],
        edges_and_counts["count"],
        edges_and_counts["min"],
        edges_and_counts["mean"],
    ) == (
        [],
        [],
        0,
        None,
        None,
    )


@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, sys.float_info.max, 5e-324])
def test_equal_values_have_a_width(value: float) -> None:
    for values in ([value] * 3, np.array([value] * 3)):
        edges_and_counts = histogram(values, 3)
        assert edges_and_counts["edges"][0] <= value <= edges_and_counts["edges"][-1]
        assert edges_and_counts["edges"][0] < edges_and_counts["edges"][-1]
        assert sum(edges_and_counts["counts"]) == 3


@pytest.mark.parametrize(
    "wrong", ["text", ["a"], None, [1, None], np.array(["a"]), np.array([1j]), {"a": "b"}]
)
def test_what_is_no_number_is_reported_and_not_raised(
    wrong: Any, begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TypeError):
        histogram(wrong)
    assert begin().log_histogram("h", wrong) == ""
    assert "the histogram 'h' was not stored: " in capsys.readouterr().err


@pytest.mark.parametrize("bins", [0, 1025])
def test_an_implausible_number_of_bins_is_refused(bins: int) -> None:
    with pytest.raises(ValueError, match="bins"):
        histogram([1], bins)


@given(st.lists(st.floats(), min_size=1, max_size=50), st.integers(1, 70))
def test_every_value_is_counted_once_and_numpy_counts_alike(values: list[float], bins: int) -> None:
    plain, array = histogram(values, bins), histogram(np.array(values), bins)
    assert plain | {"mean": 0} == array | {"mean": 0}
    special = plain["nan"] + plain["positive_infinity"] + plain["negative_infinity"]
    assert sum(plain["counts"]) == plain["count"] == len(values) - special
    assert plain["edges"] == sorted(plain["edges"])
    assert all(map(math.isfinite, plain["edges"]))
    if plain["count"]:
        assert len(plain["edges"]) == bins + 1 == len(plain["counts"]) + 1
        assert plain["edges"][0] <= plain["min"] <= plain["mean"] * (1 + 1e-9) + 1e-300 or plain["mean"] < 0
    json.dumps(plain, allow_nan=False)
