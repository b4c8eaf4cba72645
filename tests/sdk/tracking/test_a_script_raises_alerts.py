"""`run.alert`, and alerts of monitors that are listed in the active run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn


def alerts_of(run: rn.Run) -> list[dict[str, Any]]:
    """The alerts in a run's journal."""
    lines = (run.run_dir / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event["data"] for event in map(json.loads, lines) if event["type"] == "alert"]


@pytest.fixture
def run(folder: Path, home: Path) -> Any:
    """An open run."""
    with rn.init("p", "n", storage=str(folder), capture_env=False, system_metrics=False) as run:
        yield run


def test_an_alert_is_a_record_of_the_run(run: rn.Run) -> None:
    run.alert("Low accuracy", "0.41", level="error")
    run.alert(ValueError("x"))  # type: ignore[arg-type]
    run.log({"loss": 1.0})
    assert alerts_of(run) == [
        {"title": "Low accuracy", "text": "0.41", "level": "error"},
        {"title": "x", "text": "", "level": "info"},
    ]


@pytest.mark.parametrize(("title", "level"), [(" ", "info"), ("t", "fatal")])
def test_an_alert_without_a_title_or_of_an_unknown_level_is_reported(
    run: rn.Run, title: str, level: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run.alert(title, level=level)
    assert "an alert was not raised: " in capsys.readouterr().err
    assert not (run.run_dir / "events.jsonl").exists()


def test_a_disabled_run_raises_nothing(folder: Path, home: Path) -> None:
    with rn.init("p", "n", storage=str(folder), mode="disabled") as run:
        run.alert("title")
    assert list(folder.iterdir()) == []


def test_the_first_of_consecutive_alerts_of_a_monitor_is_listed(run: rn.Run) -> None:
    monitor = rn.MetricMonitor()
    monitor.add_rule(rn.AlertRule("lr", "gt", 1.0, consecutive_count=2))
    alarms_of_steps = [monitor.check_metrics({"lr": lr}) for lr in (2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 2.0)]
    assert [len(alarms) for alarms in alarms_of_steps] == [0, 1, 0, 1, 0, 0, 1]
    monitor.check_metrics({"loss": math.nan})
    titles = [alert["title"] for alert in alerts_of(run)]
    assert len(titles) == 3 and "lr=2.0" in titles[0] and "loss is NAN" in titles[2]
    assert alerts_of(run)[0]["level"] == "warn"
