"""What no point tells is judged by a timer: states, silence, the disk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.delivery import deliveries
from alerts.judging import rule_set, timer, viewer_presence
from alerts.judging.timer import RuleTimer
from alerts.models import AlertDelivery, AlertEvent, AlertRule, AlertWatch
from metrics.ingest.catch_up import catch_up
from runs.active_root import active_root
from runs.index import discovery
from runs.models import Run
from runs.services.lookup import get_run
from tests.folders import append_metrics, write_run
from tests.large import many
from tests.server.alerts.conftest import FAILED, Receiver

Alerts = Callable[..., Any]
FOREVER = 10**9


@pytest.fixture
def watch(store: Path) -> RuleTimer:
    """A watch that has looked once."""
    rule_timer = RuleTimer(active_root())
    scan(rule_timer)
    return rule_timer


def scan(watch: RuleTimer) -> None:
    """Find what changed, and judge it."""
    discovery.full(watch.root)
    watch.round()


def end(run: Run, **status: Any) -> None:
    """Write the end of a run."""
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"ended_at": time.time()} | status))


def sentences() -> list[tuple[str, str]]:
    """Kind and sentence of all events, oldest first."""
    return [(event.kind, event.sentence) for event in AlertEvent.objects.order_by("pk")]


@pytest.fixture
def rule(alerts: Alerts, receiver: Receiver) -> Callable[..., Any]:
    """Creates a rule with a channel."""
    channel = alerts("POST", "channels", {"name": "c", "url": receiver.url})["id"]
    return lambda **when: alerts("POST", "rules", {"name": "r", "when": when, "channels": [channel]})


def test_a_run_that_fails_fires_once_and_recovers_when_it_is_resumed(
    rule: Callable[..., Any], watch: RuleTimer, store: Path
) -> None:
    rule(kind="state", states=["failed", "killed"])
    run = get_run(write_run(store, status="running", created_at=time.time(), metrics=[]))
    scan(watch)
    end(run, status="failed", exit_reason="ValueError: x")
    for _ in range(3):
        scan(watch)
    assert [kind for kind, _ in sentences()] == ["fired"] and sentences()[0][1] == "Failed: ValueError: x"
    path = run.path / "status.json"
    path.write_text(json.dumps({"status": "running", "started_at": time.time()}))
    scan(watch)
    scan(watch)
    assert sentences()[1:] == [("recovered", "Back to normal: the run is running")]
    end(run, status="failed")
    scan(watch)
    assert [kind for kind, _ in sentences()] == ["fired", "recovered", "fired"]
    assert AlertDelivery.objects.count() == 3


def test_runs_that_failed_before_the_rule_or_were_imported_send_no_message(
    rule: Callable[..., Any], watch: RuleTimer, store: Path
) -> None:
    before = write_run(store, status="failed", created_at=time.time() - 30)
    scan(watch)
    rule(**FAILED)
    scan(watch)
    assert not AlertEvent.objects.exists()
    AlertRule.objects.update(changed_at=0.0)
    rule_set.forget()
    write_run(store, status="failed", created_at=time.time() - 86400)
    scan(watch)
    delivered = list(AlertDelivery.objects.values_list("event__run_id", flat=True))
    assert delivered in ([], [before]) and AlertEvent.objects.count() == 2


def test_what_happened_while_the_viewer_was_off_is_told_as_such(
    rule: Callable[..., Any], watch: RuleTimer, store: Path
) -> None:
    rule(**FAILED)
    night = time.time() - 6 * 3600
    run_id = write_run(store, status="failed", created_at=night)
    AlertRule.objects.update(changed_at=night - 3600)
    AlertWatch.objects.update(alive_at=night - 60, since=night - 7200)
    rule_set.forget()
    viewer_presence._last_check.clear()  # as in a new process
    scan(RuleTimer(active_root()))
    (event,) = AlertEvent.objects.all()
    assert event.run.run_id == run_id and event.deliveries.count() == 1
    at = time.strftime("%H:%M", time.localtime(event.at))
    assert event.sentence.endswith(f"(at {at}, while the viewer was off)")


def test_without_rules_about_runs_none_are_read(
    rule: Callable[..., Any], watch: RuleTimer, store: Path
) -> None:
    write_run(store, status="running", created_at=time.time())
    discovery.full(watch.root)
    with CaptureQueriesContext(connection) as queries:
        watch.round()
    assert [query["sql"] for query in queries if "runs_run" in query["sql"]] == []
    run = Run.objects.get()
    rule(**FAILED)
    watch.round()
    end(run, status="failed")
    scan(watch)
    assert AlertEvent.objects.count() == 1


def test_a_round_reads_only_runs_that_may_have_changed(
    rule: Callable[..., Any], watch: RuleTimer, store: Path
) -> None:
    rule(**FAILED)
    write_run(store, status="finished")
    scan(watch)
    with CaptureQueriesContext(connection) as queries:
        watch.round()
    with connection.cursor() as cursor:
        plans = []
        for query in queries:
            if query["sql"].startswith("SELECT") and "runs_run" in query["sql"]:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += [row[3] for row in cursor.fetchall() if row[3].split()[1] == "runs_run"]
    assert len(plans) == 3
    assert [plan for plan in plans if "SCAN" in plan or plan.endswith("(root_id=?)")] == []


def test_two_viewers_record_an_episode_once(rule: Callable[..., Any], watch: RuleTimer, store: Path) -> None:
    rule(**FAILED)
    other = RuleTimer(active_root())
    other.round()
    write_run(store, status="failed", created_at=time.time())
    scan(watch)
    scan(other)
    assert AlertEvent.objects.count() == AlertDelivery.objects.count() == 1


def test_silence_is_measured_by_a_clock_that_is_never_set(
    rule: Callable[..., Any], watch: RuleTimer, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(kind="no_step", minutes=10.0)
    run = get_run(write_run(store, status="running", created_at=time.time(), metrics=[{"loss": 1.0}] * 3))
    catch_up(run, wait=60)
    scan(watch)
    real, clock = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: real() + 7200)
    scan(watch)
    assert not AlertEvent.objects.exists()
    monkeypatch.setattr(time, "time", real)
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 660)
    scan(watch)
    scan(watch)
    assert [kind for kind, _ in sentences()] == ["fired"] and sentences()[0][1].endswith("the last one is 3")
    append_metrics(store, "vision", "resnet", run.run_id, [{"loss": 1.0, "global_step": 4}], real())
    catch_up(run, wait=60)
    scan(watch)
    assert sentences()[1:] == [("recovered", "Back to normal: step 4 was logged")]


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_changed_clock_hides_no_event_and_does_not_count_as_downtime_of_the_viewer(
    rule: Callable[..., Any], watch: RuleTimer, store: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    rule(**FAILED)
    run = get_run(write_run(store, status="running", created_at=time.time(), metrics=[]))
    scan(watch)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    scan(watch)
    end(run, status="failed", exit_reason="ValueError: x", ended_at=time.time())
    scan(watch)
    scan(watch)
    assert sentences() == [("fired", "Failed: ValueError: x")] and AlertDelivery.objects.count() == 1


def test_a_full_disk_fires_without_a_run(rule: Callable[..., Any], watch: RuleTimer, alerts: Alerts) -> None:
    disk_rule = rule(kind="disk", value=float(FOREVER))
    scan(watch)
    scan(watch)
    (event,) = alerts("GET", "events")["events"]
    assert event["run_id"] is None and "GB left, less than" in event["sentence"]
    alerts("PATCH", f"rules/{disk_rule['id']}", {"when": {"kind": "disk", "value": 1e-9}})
    scan(watch)
    assert [kind for kind, _ in sentences()] == ["fired", "recovered"]


def test_a_rule_is_previewed_on_past_runs(alerts: Alerts, watch: RuleTimer, store: Path) -> None:
    failed = write_run(
        store, status="failed", metrics=[{"loss": float(value)} for value in (1, 50, 60, 2, 70)]
    )
    write_run(store, metrics=[{"loss": 1.0}])
    scan(watch)
    for run in Run.objects.all():
        catch_up(run, wait=60)
    answer = alerts("POST", "rules/preview", {"when": FAILED})
    assert [event["run_id"] for event in answer["events"]] == [failed] and not answer["truncated"]
    spikes = {"kind": "threshold", "metric": "loss", "op": ">", "value": 10}
    answer = alerts("POST", "rules/preview", {"when": spikes, "where": "status = failed"})
    assert [event["value"] for event in answer["events"]] == [50.0]
    assert alerts("POST", "rules/preview", {"when": spikes, "where": "status = finished"})["events"] == []
    silent = {"kind": "no_step", "minutes": 0.01}
    assert len(alerts("POST", "rules/preview", {"when": silent})["events"]) == 6
    assert not AlertEvent.objects.exists()


def copies(run: Run, count: int, **changes: Any) -> None:
    """Store rows like that of a run."""
    names = [field.attname for field in Run._meta.concrete_fields if field.name != "id"]
    fields = {name: getattr(run, name) for name in names} | changes
    Run.objects.bulk_create([Run(**fields | {"run_id": f"r{n}", "folder": f"f{n}"}) for n in range(count)])


def test_a_thousand_runs_that_fail_at_once_cause_few_queries_and_messages(
    rule: Callable[..., Any],
    watch: RuleTimer,
    store: Path,
    receiver: Receiver,
    django_assert_max_num_queries: Any,
) -> None:
    rule(**FAILED)
    run = get_run(write_run(store, status="failed", created_at=time.time()))
    copies(run, 999, updated=time.time(), ended=time.time())
    with django_assert_max_num_queries(150):
        watch.round()
    assert AlertEvent.objects.count() == AlertDelivery.objects.count() == 1000
    (channel,) = deliveries.due_channels()
    assert [deliveries.deliver(channel) for _ in range(3)] == [500, 500, 0]
    assert [body["count"] for body in receiver.bodies] == [500, 500]
    Run.objects.update(status="running", state="running", ended=None)
    with django_assert_max_num_queries(150):
        watch.round()
    assert deliveries.deliver(channel) == 500 and receiver.bodies[-1]["event"] == "recovered"


def test_many_runs_and_a_thousand_rules_are_judged_in_few_queries(
    alerts: Alerts, watch: RuleTimer, store: Path, django_assert_max_num_queries: Any
) -> None:
    first = get_run(write_run(store, status="failed", created_at=time.time() - 7200))
    copies(first, 2_000, updated=time.time())
    now = time.time()
    AlertRule.objects.bulk_create(
        [
            AlertRule(
                name=f"r{n}",
                when=FAILED if n % 2 else {"kind": "no_step", "minutes": 5.0},
                created_at=now,
                changed_at=now,
            )
            for n in many(range(1000))
        ]
    )
    rule_set.forget()
    with django_assert_max_num_queries(120):
        watch.round()
    assert not AlertEvent.objects.exists() and timer.MOST > 10_000


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No rule of another test."""
    rule_set.forget()
    yield
    rule_set.forget()
