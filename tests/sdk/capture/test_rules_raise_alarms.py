"""`AlertRule`, `MetricMonitor` and `AnomalyDetector`."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runicorn import AlertRule, AnomalyDetector, MetricMonitor
from runicorn.alerts.monitors import create_monitor_callback

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@pytest.fixture
def monitor() -> MetricMonitor:
    """A monitor with its own rules only."""
    return MetricMonitor()


@pytest.mark.parametrize(
    ("condition", "threshold", "value", "met"),
    [
        ("gt", 3, 5, True),
        ("gt", 3, 3, False),
        ("gt", 3, math.nan, False),
        ("lt", 3, 2, True),
        ("eq", 0.3, 0.1 + 0.2, True),
        ("eq", math.inf, math.inf, True),
        ("ne", 0.3, 0.1 + 0.2, False),
        ("ne", 0.3, 0.4, True),
        ("nan", None, math.nan, True),
        ("inf", None, -math.inf, True),
        ("inf", None, 1.0, False),
    ],
)
def test_a_condition_is_met(condition: str, threshold: float | None, value: float, met: bool) -> None:
    assert AlertRule("m", condition, threshold).is_met(value) is met


@pytest.mark.parametrize(
    "wrong",
    [
        {"condition": "above", "threshold": 1},
        {"condition": "gt"},
        {"condition": "nan", "consecutive_count": 0},
    ],
)
def test_a_rule_that_could_never_fire_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"condition|threshold|consecutive"):
        AlertRule("m", **wrong)


def test_losses_that_are_no_number_are_alarms_from_the_start(
    monitor: MetricMonitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert monitor.check_metrics(
            {"loss": math.nan, "val_loss": np.float32("nan"), "other": math.nan}
        ) == [
            "⚠️ Alert: loss is NAN",
            "⚠️ Alert: val_loss is NAN",
        ]
        assert monitor.check_metrics({"loss": math.inf}) == ["⚠️ Alert: loss is INF"]
        assert monitor.check_metrics({"loss": 1.0}) == []
    assert len(caplog.messages) == 3


def test_a_rule_says_what_it_found_and_calls_back(monitor: MetricMonitor) -> None:
    called: list[tuple[str, Any]] = []
    monitor.add_rule(AlertRule("m", "gt", 3, callback=lambda alarm, value: called.append((alarm, value))))
    assert monitor.check_metrics({"m": 5}) == ["⚠️ Alert: m=5 gt 3"]
    assert called == [("⚠️ Alert: m=5 gt 3", 5)]


def test_two_thresholds_of_one_metric_are_counted_apart(monitor: MetricMonitor) -> None:
    monitor.add_rule(AlertRule("m", "gt", 3, consecutive_count=2))
    monitor.add_rule(AlertRule("m", "gt", 10, consecutive_count=2))
    alarms = [monitor.check_metrics({"m": value}) for value in (5, 5, 5, 20, 20, 1, 20)]
    assert [[alarm.split(" ", 3)[-1] for alarm in alarms_of_rule] for alarms_of_rule in alarms] == [
        [],
        ["gt 3"],
        [],
        ["gt 3"],
        ["gt 10"],
        [],
        [],
    ]


def test_a_rule_that_is_added_twice_counts_once(monitor: MetricMonitor) -> None:
    rule = AlertRule("m", "gt", 3, consecutive_count=2)
    monitor.add_rule(rule)
    monitor.add_rule(rule)
    assert [len(monitor.check_metrics({"m": 5})) for _ in range(4)] == [0, 1, 0, 1]


def test_what_a_callback_raises_ends_the_training_if_it_wants_to(monitor: MetricMonitor) -> None:
    def stop(alarm: str, value: Any) -> None:
        raise RuntimeError(alarm)

    monitor.add_rule(AlertRule("m", "gt", 3, callback=stop))
    with pytest.raises(RuntimeError, match="m=5"):
        monitor.check_metrics({"m": 5})


def test_statistics_are_of_the_last_values_and_finite_ones(monitor: MetricMonitor) -> None:
    small = MetricMonitor(window_size=3)
    for value in (100, 1, 2, math.nan):
        small.check_metrics({"m": value, "text": "x", "flag": True})
    statistics = small.get_statistics("m")
    assert math.isnan(statistics.pop("last"))
    assert statistics == {"mean": 1.5, "min": 1, "max": 2, "count": 3, "valid_count": 2}
    small.check_metrics({"n": math.inf})
    assert small.get_statistics("n") == {"has_nan": False, "has_inf": True}
    assert small.get_statistics("text") == small.get_statistics("flag") == small.get_statistics("?") == {}


def test_the_callback_of_a_monitor_warns_once_an_alarm(
    monitor: MetricMonitor, caplog: pytest.LogCaptureFixture
) -> None:
    monitor.add_rule(AlertRule("m", "lt", 0))
    with caplog.at_level(logging.WARNING):
        create_monitor_callback(monitor)({"m": -1, "loss": math.nan})
    assert caplog.messages == ["⚠️ Alert: loss is NAN", "⚠️ Alert: m=-1 lt 0"]


def test_a_value_outside_of_the_usual_is_an_anomaly() -> None:
    detector = AnomalyDetector(sensitivity=2.0)
    assert not detector.is_anomaly("m", 1e9)
    assert detector.is_anomaly("m", math.nan) and detector.is_anomaly("m", math.inf)
    detector.update_baseline("m", [1.0])
    assert "m" not in detector.baselines
    detector.update_baseline("m", [9.0, 11.0, math.nan])
    assert detector.baselines["m"] == {"mean": 10, "std": 1, "upper_bound": 12, "lower_bound": 8}
    assert [detector.is_anomaly("m", value) for value in (8, 12, 12.1, 7.9)] == [False, False, True, True]


def test_a_constant_baseline_takes_its_own_value_for_usual() -> None:
    detector = AnomalyDetector()
    detector.update_baseline("m", [0.1] * 3)
    assert not detector.is_anomaly("m", 0.1)
    assert detector.is_anomaly("m", 0.2)


@pytest.mark.parametrize(
    ("values", "anomaly"),
    [
        ([1.0] * 9, False),
        ([1.0] * 10, False),
        ([1.0] * 5 + [1.4] * 5, False),
        ([1.0] * 5 + [1.6] * 5, True),
        ([9, 11, 9, 11, 10, 9, 11, 9, 11, 10], False),
        ([9, 11, 9, 11, 10, 5, 15, 5, 15, 10], True),
        ([1.0] * 9 + [math.nan], True),
        ([-1.0] * 5 + [-2.0] * 5, True),
    ],
)
def test_a_trend_that_jumps_or_spreads_is_an_anomaly(values: list[float], anomaly: bool) -> None:
    assert AnomalyDetector().detect_trend_anomaly(values) is anomaly


@given(st.lists(FLOATS, max_size=30), FLOATS)
def test_no_values_break_it(values: list[float], value: float) -> None:
    detector, monitor = AnomalyDetector(), MetricMonitor()
    detector.update_baseline("m", values)
    detector.is_anomaly("m", value)
    detector.detect_trend_anomaly(values, window=3)
    for loss in values:
        monitor.check_metrics({"loss": loss})
    monitor.get_statistics("loss")
