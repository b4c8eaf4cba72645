"""Points are judged when they are ingested: one event for each episode, whatever the batches were."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.judging import rule_set
from alerts.models import AlertDelivery, AlertEvent, AlertRule
from metrics.ingest.catch_up import catch_up
from runs.active_root import activate
from runs.models import Run, StorageRoot
from runs.services.lookup import get_run
from runs.services.recycle_bin import remove_runs, soft_delete_runs
from tests.folders import append_metrics, write_run
from tests.server.alerts.conftest import Receiver

Alerts = Callable[..., Any]


class Training:
    """A run whose points are appended and ingested batch by batch."""

    def __init__(self, store: Path, **more: Any) -> None:
        self.store, self.step, self.time = store, 0, time.time()
        self.run_id = write_run(store, metrics=[], created_at=self.time, **{"status": "running", **more})
        self.run: Run = get_run(self.run_id)

    def log(self, *values: float, name: str = "loss", seconds: float = 1.0, kind: str = "metrics") -> None:
        """Append one point for each value and ingest them as one batch."""
        records = []
        for value in values:
            self.step, self.time = self.step + 1, self.time + seconds
            records.append({name: value, "global_step": self.step, "time": self.time})
        append_metrics(self.store, "vision", "resnet", self.run_id, records, self.time)
        if kind != "metrics":
            path = self.run.path / "events.jsonl"
            path.write_text(path.read_text().replace('"type": "metrics"', f'"type": "{kind}"'))
        assert catch_up(self.run, wait=60) == 0


def events_of_run() -> list[tuple[str, float | None]]:
    """Kind and value of every event, oldest first."""
    return list(AlertEvent.objects.order_by("pk").values_list("kind", "value"))


def rule(alerts: Alerts, **when: Any) -> Any:
    """Create a rule."""
    return alerts("POST", "rules", {"name": "rule", "when": when})


@pytest.mark.parametrize("batches", [[[1, 12, 13, 1, 14, 15, 16, 17, 3, 3, 3, 18]], None])
def test_a_threshold_for_three_points_fires_once_and_recovers(
    alerts: Alerts, store: Path, batches: list[list[float]] | None
) -> None:
    rule(alerts, kind="threshold", metric="loss", op=">", value=10.0, points=3)
    training = Training(store)
    for batch in batches or [[value] for value in (1, 12, 13, 1, 14, 15, 16, 17, 3, 3, 3, 18)]:
        training.log(*batch)
    assert events_of_run() == [("fired", 16.0), ("recovered", 3.0)]
    assert [event.sentence for event in AlertEvent.objects.order_by("pk")] == [
        "loss > 10: 16 at step 7",
        "Back to normal: loss is 3 at step 11, no longer > 10",
    ]


def test_nan_fires_for_any_metric_and_not_for_text(alerts: Alerts, store: Path) -> None:
    rule(alerts, kind="nan")
    training = Training(store)
    training.log(1.0, 2.0)
    training.log(math.nan, math.inf, math.nan)
    training.log("n/a", name="phase")  # type: ignore[arg-type]
    training.log(0.5)
    events = list(AlertEvent.objects.order_by("pk"))
    assert [(event.kind, event.subject) for event in events] == [("fired", "loss"), ("recovered", "loss")]
    assert events[0].sentence == "loss is NaN at step 3"


def test_a_spike_is_far_from_its_own_window(alerts: Alerts, store: Path) -> None:
    rule(alerts, kind="spike", metric="loss", z=6.0, points=20)
    training = Training(store)
    usual = [1000.0 + (number * 7 % 5) / 10 for number in range(60)]
    training.log(*usual[:30])
    training.log(*usual[30:], 1003.0, *usual[:5])
    training.log(*usual[:20])
    assert events_of_run() == [("fired", 1003.0), ("recovered", usual[4])]


def test_no_improvement_for_some_steps_fires_until_the_next_best(alerts: Alerts, store: Path) -> None:
    rule(alerts, kind="plateau", metric="val/acc", points=5)
    rule(alerts, kind="plateau", metric="val/acc", minutes=60.0)
    training = Training(store)
    training.log(0.1, 0.2, 0.5, name="val/acc")
    training.log(*[0.4] * 5, name="val/acc")
    training.log(0.45, 0.6, name="val/acc")
    assert events_of_run() == [("fired", 0.4), ("recovered", 0.6)]
    assert (
        "has not improved for 5 steps: 0.4 at step 8, best 0.5"
        in AlertEvent.objects.order_by("pk")[0].sentence
    )


def test_gpus_are_idle_when_the_busiest_one_is(alerts: Alerts, store: Path) -> None:
    rule(alerts, kind="gpu_idle", minutes=10.0)
    training = Training(store)
    events = []
    for number in range(40):
        busy = 90.0 if number < 10 or number == 35 else 0.0
        events.append(
            f'{{"ts": {training.time + 60 * number}, "type": "system", "data":'
            f' {{"system/gpu0_percent": 1.0, "system/gpu1_percent": {busy}, "system/gpu1_power_w": 9}}}}\n'
        )
    (training.run.path / "events.jsonl").write_text("".join(events))
    assert catch_up(training.run, wait=60) == 0
    assert events_of_run() == [("fired", 1.0), ("recovered", 90.0)]
    assert (
        AlertEvent.objects.order_by("pk")[0].sentence
        == "The GPUs have been idle for 10 minutes (at most 5 %)"
    )


def test_a_rule_that_keeps_firing_sends_a_message_every_five_minutes(
    alerts: Alerts, store: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = (time.time() // 300 + 0.5) * 300  # the five minutes do not end in the middle
    monkeypatch.setattr(time, "time", lambda: now)
    channel = alerts("POST", "channels", {"name": "c", "url": receiver.url})["id"]
    when = {"kind": "threshold", "metric": "loss", "op": ">", "value": 10}
    alerts("POST", "rules", {"name": "rule", "when": when, "channels": [channel]})
    training, other = Training(store), Training(store)
    for _ in range(30):
        training.log(20.0)
        training.log(1.0)
    other.log(20.0)
    due = list(AlertDelivery.objects.order_by("pk").values_list("due_at", flat=True))
    at_once = [at <= time.time() for at in due]
    assert at_once == [True] * 20 + [False] * 40 + [True], "the message about another run is sent at once"
    assert len({at % 300 for at in due[20:60]}) == 1 and max(due) <= time.time() + 300


def test_a_rule_chooses_runs_and_metrics(alerts: Alerts, store: Path) -> None:
    alerts(
        "POST",
        "rules",
        {
            "name": "r",
            "when": {"kind": "threshold", "metric": "*loss*", "op": ">", "value": 1.0},
            "where": "tags = watched",
        },
    )
    Training(store, tags=["other"]).log(5.0, name="train/loss")
    watched = Training(store, tags=["watched"])
    watched.log(5.0, name="acc")
    watched.log(5.0, name="train/loss[0]")
    assert [(event.run_id, event.subject) for event in AlertEvent.objects.all()] == [
        (watched.run_id, "train/loss[0]")
    ]


def test_what_was_before_the_rule_and_imported_runs_send_no_message(
    alerts: Alerts, store: Path, receiver: Receiver
) -> None:
    old = Training(store)
    old.time -= 7200
    old.log(99.0)
    channel = alerts("POST", "channels", {"name": "c", "url": receiver.url})
    rule(alerts, kind="threshold", metric="loss", op=">", value=10.0)
    AlertRule.objects.update(channels=[channel["id"]])
    rule_set.forget()
    old.log(98.0)
    assert not AlertEvent.objects.exists()
    AlertRule.objects.update(changed_at=0.0)
    rule_set.forget()
    ended = time.time() - 7200
    run_id = write_run(store, created_at=ended, metrics=[{"loss": 50.0}])
    assert catch_up(get_run(run_id), wait=60) == 0
    assert [event.value for event in AlertEvent.objects.all()] == [50.0]
    assert not AlertDelivery.objects.exists()


def test_points_are_judged_after_the_clock_was_set_back(
    alerts: Alerts, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(alerts, kind="threshold", metric="loss", op=">", value=10.0)
    assert rule_set.current().rules
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    Training(store).log(20.0)
    assert events_of_run() == [("fired", 20.0)]


def test_a_replaced_journal_does_not_fire_again(alerts: Alerts, store: Path) -> None:
    rule(alerts, kind="threshold", metric="loss", op=">", value=10.0)
    training = Training(store)
    training.log(20.0, 1.0)
    path = training.run.path / "events.jsonl"
    content = path.read_text()
    path.unlink()
    path.write_text(
        '{"ts": 1.0, "type": "metrics", "data": {"loss": 0.5, "global_step": 0, "time": 1.0}}\n' + content
    )
    assert catch_up(training.run, wait=60) == 0
    training.log(30.0)
    assert events_of_run() == [("fired", 20.0), ("recovered", 1.0), ("fired", 30.0)]


def test_events_outlive_the_index_and_are_not_repeated_by_a_new_one(
    alerts: Alerts, store: Path, receiver: Receiver
) -> None:
    alerts("POST", "channels", {"name": "c", "url": receiver.url})
    channels = [channel["id"] for channel in alerts("GET", "channels")]
    when = {"kind": "threshold", "metric": "loss", "op": ">", "value": 10.0}
    alerts("POST", "rules", {"name": "rule", "when": when, "channels": channels})
    training = Training(store)
    for value in (20.0, 1.0, 30.0):
        training.log(value)
    with (training.run.path / "events.jsonl").open("a") as journal:
        journal.write('{"ts": 1, "type": "alert", "data": {"title": "Low accuracy"}}\n')
    assert catch_up(training.run, wait=60) == 0
    first = AlertEvent.objects.order_by("pk")[0]
    assert alerts("POST", "events/acknowledge", {"ids": [first.pk]}) == {"acknowledged": 1}
    before = list(AlertEvent.objects.order_by("pk").values())
    assert [row["kind"] for row in before] == ["fired", "recovered", "fired", "fired"]

    StorageRoot.objects.all().delete()
    activate(store)
    training.run = get_run(training.run_id)
    assert catch_up(training.run, wait=60) == 0
    assert list(AlertEvent.objects.order_by("pk").values()) == before
    assert AlertDelivery.objects.count() == 3
    assert {event["run_id"] for event in alerts("GET", "events")["events"]} == {training.run_id}
    training.log(1.0)
    assert events_of_run()[-1] == ("recovered", 1.0)  # of the episode that was open

    soft_delete_runs(root=training.run.root, run_ids=[training.run_id])
    remove_runs(root=training.run.root, run_ids=[training.run_id])
    assert not AlertEvent.objects.exists()


def test_a_script_raises_alerts_that_are_read_once(alerts: Alerts, store: Path, receiver: Receiver) -> None:
    alerts("POST", "channels", {"name": "c", "url": receiver.url})
    training = Training(store)
    line = f'{{"ts": {time.time()}, "type": "alert", "data": {{"title": "Low %s", "text": "50% left", "level": "error"}}}}\n'
    path = training.run.path / "events.jsonl"
    path.write_text(line)
    assert catch_up(training.run, wait=60) == 0
    path.unlink()
    path.write_text("\n" + line)
    assert catch_up(training.run, wait=60) == 0
    (event,) = alerts("GET", f"events?run_id={training.run_id}")["events"]
    assert (event["rule_id"], event["sentence"], event["level"]) == (None, "Low %s: 50% left", "error")
    assert event["deliveries"][0]["status"] == "pending"


def test_many_alerts_of_a_script_are_stored_together(alerts: Alerts, store: Path, receiver: Receiver) -> None:
    alerts("POST", "channels", {"name": "c", "url": receiver.url})
    training = Training(store)
    about = '"type": "alert", "data": {"title": "Low", "text": "%d"}'
    lines = [f'{{"ts": {time.time()}, {about % number}}}\n' for number in range(1000)]
    (training.run.path / "events.jsonl").write_text("".join([*lines, lines[0]]))
    with CaptureQueriesContext(connection) as queries:
        assert catch_up(training.run, wait=60) == 0
    assert AlertEvent.objects.count() == AlertDelivery.objects.count() == 1000
    assert len(queries) < 150
