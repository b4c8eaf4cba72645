"""Alerts with real viewers: local, uploaded, killed between event and delivery, and two on one store."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.folders import write_run
from tests.processes import PROJECT, Viewer, environment, run_module, train
from tests.server.alerts.conftest import Receiver
from tests.waiting import until

STATES = ["failed", "killed", "out_of_memory"]
TRAIN = """
import os, signal, runicorn as rn
run = rn.init("vision", "resnet", capture_env=False, system_metrics=False)
run.log({"loss": 1.0})
run.log({"loss": float("nan")})
run.alert("Low accuracy", "0.41", level="error")
run.finish()
raised = rn.init("vision", "broken", capture_env=False, system_metrics=False)
raise ValueError("out of ideas")
"""


def watch(viewer: Viewer, receiver: Receiver) -> int:
    """Create a channel and rules for failed runs and NaN."""
    body = {"name": "hook", "url": receiver.url}
    channel = int(viewer.post("/api/v2/alerts/channels", json=body).json()["id"])
    for when in ({"kind": "state", "states": STATES}, {"kind": "nan", "metric": "*loss*"}):
        rule = {"name": when["kind"], "when": when, "channels": [channel]}
        assert viewer.post("/api/v2/alerts/rules", json=rule).status_code == 201
    return channel


def raise_alerts(viewer: Viewer, count: int) -> None:
    """Write a run whose script raised alerts; no message is sent about them."""
    created = time.time() - 86400
    run_id = write_run(viewer.root, created_at=created)
    lines = [
        {"ts": created + number, "type": "alert", "data": {"title": f"alert {number}"}}
        for number in range(count)
    ]
    journal = viewer.root / "vision" / "resnet" / "runs" / run_id / "events.jsonl"
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def deliveries(viewer: Viewer) -> set[tuple[str, str, int]]:
    """Sentence, status and tries of every delivery."""
    events = viewer.get("/api/v2/alerts/events").json()["events"]
    return {
        (event["sentence"], delivery["status"], delivery["tries"])
        for event in events
        for delivery in event["deliveries"]
    }


@pytest.mark.parametrize("uploaded", [False, True], ids=["local", "uploaded"])
def test_a_training_sends_messages_whether_it_logs_here_or_uploads(
    viewer: Viewer, receiver: Receiver, home: Path, tmp_path: Path, uploaded: bool
) -> None:
    watch(viewer, receiver)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    more = {"RUNICORN_URL": viewer.url} if uploaded else {}
    process = train(TRAIN, elsewhere if uploaded else viewer.root, home, **more)
    process.communicate(timeout=120)
    until(lambda: len(receiver.bodies) >= 3)
    assert sorted(sentence.split(":")[0] for sentence in receiver.sentences()) == [
        "Failed",
        "Low accuracy",
        "loss is NaN at step 2",
    ]
    until(lambda: {status for _, status, _ in deliveries(viewer)} == {"sent"})
    assert len(receiver.bodies) == 3


def test_a_viewer_killed_before_the_delivery_sends_it_after_its_next_start(
    start_viewer: Callable[..., Viewer], make_receiver: Callable[..., Receiver], folder: Path
) -> None:
    hangs = threading.Event()
    slow = make_receiver(hangs=hangs)
    first = start_viewer(folder, RUNICORN_RATE_LIMIT="off")
    watch(first, slow)
    write_run(folder, status="failed", created_at=time.time())
    until(lambda: deliveries(first))
    first.kill()
    hangs.set()
    second = start_viewer(folder, RUNICORN_RATE_LIMIT="off")
    # At least once: the first viewer may have been killed between the message and its mark.
    until(lambda: {(status, tries) for _, status, tries in deliveries(second)} == {("sent", 1)})
    assert 1 <= len(slow.sentences()) <= 2


def test_what_failed_while_no_viewer_was_running_is_told_at_the_next_start(
    start_viewer: Callable[..., Viewer], receiver: Receiver, folder: Path
) -> None:
    first = start_viewer(folder, RUNICORN_RATE_LIMIT="off")
    watch(first, receiver)
    first.stop()
    write_run(folder, status="failed", created_at=time.time())
    start_viewer(folder, RUNICORN_RATE_LIMIT="off")
    until(lambda: receiver.sentences())
    assert len(receiver.sentences()) == 1


def test_two_viewers_on_one_store_send_one_message(
    start_viewer: Callable[..., Viewer], receiver: Receiver, folder: Path
) -> None:
    viewers = [start_viewer(folder, RUNICORN_RATE_LIMIT="off") for _ in range(2)]
    watch(viewers[0], receiver)
    run_id = write_run(folder, status="failed", created_at=time.time(), metrics=[{"loss": float("nan")}] * 3)
    # Both ingest the run at once.
    for viewer in viewers:
        assert viewer.get(f"/api/v2/experiments/{run_id}/series").status_code == 200
    until(lambda: len(receiver.bodies) == 2)
    until(lambda: {status for _, status, _ in deliveries(viewers[1])} == {"sent"})
    assert len(receiver.bodies) == 2


def test_the_command_line_lists_tests_and_acknowledges(
    viewer: Viewer, receiver: Receiver, home: Path
) -> None:
    channel = watch(viewer, receiver)
    write_run(viewer.root, status="failed", created_at=time.time())
    until(lambda: receiver.sentences())

    def run(*arguments: str) -> Any:
        process = run_module(["runicorn", "alerts", *arguments, "--json"], environment(home), PROJECT)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout) if process.stdout.startswith(("[", "{")) else process.stdout

    (event,) = run("list")
    assert event["kind"] == "fired" and len(run("rules")) == 2 and len(run("channels")) == 1
    assert run("test", str(channel))[0]["ok"] and receiver.bodies[-1]["event"] == "test"
    assert "1 acknowledged" in run("ack") and run("list") == [] and len(run("events")) == 1
    raise_alerts(viewer, 1001)
    until(lambda: len(run("list", "--limit", "1000")) == 1000)
    assert len(run("list")) == 100
    assert "1001 acknowledged" in run("ack") and run("list") == []


@pytest.mark.torture
@pytest.mark.parametrize("status, points, most", [("finished", 10_000_000, 0), ("running", 1_000_000, 30)])
def test_millions_of_points_imported_at_once_send_few_messages(
    viewer: Viewer, receiver: Receiver, tmp_path: Path, status: str, points: int, most: int
) -> None:
    watch(viewer, receiver)
    old = time.time() - 86400 if status == "finished" else time.time() + 5
    run_id = write_run(tmp_path, created_at=time.time() - 86400, metrics=[], status=status)
    journal = tmp_path / "vision" / "resnet" / "runs" / run_id / "events.jsonl"
    block = 100_000
    with journal.open("w") as file:
        for start in range(0, points, block):
            file.writelines(
                f'{{"ts":{old},"type":"metrics","data":{{"loss":{"NaN" if n % 1000 == 0 else 0.5},'
                f'"global_step":{n},"time":{old + n / 1000}}}}}\n'
                for n in range(start, start + block)
            )
    (tmp_path / "vision" / "resnet" / "runs" / run_id).rename(viewer.root / run_id)
    target = viewer.root / "vision" / "resnet" / "runs"
    target.mkdir(parents=True)
    os.rename(viewer.root / run_id, target / run_id)
    until(
        lambda: (
            viewer.get(f"/api/v2/experiments/{run_id}").json().get("metrics_count", 1)
            and viewer.get(f"/api/v2/experiments/{run_id}/series?names=loss&points=4").json()["last_row"]
            == points - 1
        ),
        timeout=1200,
        pause=2.0,
    )
    assert len(receiver.bodies) <= most and (most or deliveries(viewer) == set())
    assert len(viewer.get("/api/v2/alerts/events?limit=1000").json()["events"]) < 1000
