"""`state` and `state_reason` beside the status: read from files, derived for older runs, found, sorted and shown."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from pathlib import Path
from typing import Any, get_args

import pytest
from django.test import Client
from rest_framework.test import APIClient

from runicorn.api.responses import runs as responses
from runicorn.store import heartbeat
from runicorn.store.state import NUMBERS, STATES, STATUS_OF, TEXTS, State
from runs.active_root import active_root
from runs.index import discovery
from tests.answers import read
from tests.folders import folder_of, write_run


def write_state(root: Path, run_id: str, **about: Any) -> None:
    path = folder_of(root, run_id) / "status.json"
    path.write_text(json.dumps({"started_at": time.time() - 60, "ended_at": time.time(), **about}))


@pytest.fixture
def one_of_each(store: Path) -> dict[str, str]:
    """Return the id of a run of every state that a file can have."""
    run_ids = {}
    for state, status in STATUS_OF.items():
        if state not in (State.STALLED, State.LOST):
            run_ids[state.value] = write_run(store)
            write_state(store, run_ids[state.value], status=status, state=state.value)
    run_ids["lost"] = write_run(store, status="running")
    heartbeat.write(folder_of(store, run_ids["lost"]), time.time() - 200)
    discovery.full(active_root())
    return run_ids


def test_the_types_of_responses_name_the_same_states_and_evidence() -> None:
    assert get_args(responses.State) == STATES
    assert set(responses.Evidence.__annotations__) == TEXTS | NUMBERS


@pytest.mark.parametrize(
    ("about", "state", "reason"),
    [
        ({"status": "failed", "exit_reason": "SIGKILL"}, "killed", "Killed by SIGKILL"),
        ({"status": "failed", "exit_reason": "ValueError: x"}, "failed", "Failed: ValueError: x"),
        ({"status": "failed", "exit_reason": "process_not_found"}, "failed", "The process of this run ended"),
        ({"status": "interrupted", "exit_reason": "SIGTERM"}, "interrupted", "Terminated by SIGTERM"),
        ({"status": "finished"}, "finished", None),
        ({"status": "done"}, "interrupted", "status.json has no status that Runicorn knows: done."),
        # A state that does not fit its status, one of the server, and one of another type count as missing.
        ({"status": "finished", "state": "killed"}, "finished", None),
        ({"status": "running", "state": "stalled"}, "running", None),
        ({"status": "failed", "state": ["killed"]}, "failed", None),
        (
            {"status": "failed", "state": "out_of_memory", "evidence": {"oom_kills": 2, "signal": 9, "x": 1}},
            "out_of_memory",
            "Out of memory: the kernel killed it (oom_kill of its cgroup rose by 2).",
        ),
        (
            {"status": "interrupted", "state": "time_limit", "evidence": {"job_id": "71"}},
            "time_limit",
            "SLURM job 71 reached its time limit.",
        ),
    ],
)
def test_a_state_follows_from_the_file(
    store: Path, api: APIClient, about: dict[str, Any], state: str, reason: str | None
) -> None:
    run_id = write_run(store)
    write_state(store, run_id, **about)
    discovery.full(active_root())
    run = read(api.get(f"/api/runs/{run_id}"))
    assert (run["status"], run["state"]) == (about["status"], state)
    assert run["state_reason"] is None if reason is None else run["state_reason"].startswith(reason)
    assert run["evidence"] == {
        k: v for k, v in about.get("evidence", {}).items() if k in ("oom_kills", "job_id")
    }


def test_both_versions_filter_and_sort_by_state(one_of_each: dict[str, str], api: APIClient) -> None:
    for query, expected in {
        "state=killed": {"killed"},
        "state=killed,out_of_memory": {"killed", "out_of_memory"},
        "status=failed": {"failed", "killed", "out_of_memory"},
        "status=failed&state=killed": {"killed"},
        "status=running&state=lost": {"lost"},
        "state=unknown": set(),
    }.items():
        v1 = {run["state"] for run in read(api.get(f"/api/runs?{query}"))}
        v2 = {run["state"] for run in read(api.get(f"/api/v2/experiments?{query}"))["experiments"]}
        assert v1 == v2 == expected, query
    for where, expected in {
        'state = "preempted"': {"preempted"},
        'state in ("killed", "lost") and created_at > 0': {"killed", "lost"},
        'not state = "finished" and status != "failed"': {
            *("running", "lost", "preempted", "time_limit", "interrupted"),
        },
        'state_reason contains "heartbeat"': {"lost"},
    }.items():
        answer = api.get("/api/v2/experiments", {"where": where})
        assert {run["state"] for run in read(answer)["experiments"]} == expected, where
    items = read(api.get("/api/v2/experiments?sort=state"))["experiments"]
    assert [run["state"] for run in items] == sorted(one_of_each)


def test_every_page_shows_the_state(one_of_each: dict[str, str]) -> None:
    page = Client()
    text = page.get("/?col=status&col=reason&col=name").content.decode()
    for state in one_of_each:
        assert f'<span class="status {state}"' in text, state
    assert 'href="/?state=out_of_memory&amp;' in text, "a chip for each state that occurs"
    assert "stalled" not in text
    assert 'class="status killed"' in page.get("/?state=killed").content.decode()
    assert 'class="status finished"' not in page.get("/?state=killed").content.decode()
    assert 'class="status killed"' in page.get("/?layout=charts").content.decode()
    assert 'class="status lost"' in page.get(f"/runs/{one_of_each['lost']}").content.decode()


@pytest.mark.parametrize("condition", ["", "&where=created_at+>+0"])
def test_each_run_counts_in_one_chip_whose_filter_shows_what_it_counts(
    one_of_each: dict[str, str], condition: str
) -> None:
    def chips(query: str) -> dict[str, tuple[str, str, bool]]:
        matches = re.findall(
            r'<a class="chip \w+" href="([^"]*)"([^>]*)>.*?<span>(\w[^<]*)</span>(?: <span\s+class="count">(\d+))?',
            Client().get(f"/?col=status&col=name{query}{condition}").content.decode(),
            re.DOTALL,
        )
        return {
            label: (unescape(address), count, "aria-current" in rest)
            for address, rest, label, count in matches
        }

    def statuses(address: str) -> list[str]:
        rows = Client().get(address).content.decode().partition("<tbody")[2]
        return re.findall(r'<span class="status (\w+)"', rows)

    counts = chips("")
    assert sum(int(count) for _, count, _ in counts.values()) == len(one_of_each)
    for label, (address, count, _) in counts.items():
        assert len(statuses(address)) == int(count), label
    assert statuses(counts["Failed"][0]) == ["failed"] and statuses(counts["Killed"][0]) == ["killed"]
    assert [label for label, (_, _, current) in chips("&state=failed").items() if current] == ["Failed"]
    both = [label for label, (_, _, current) in chips("&status=failed").items() if current]
    assert both == ["Failed", "Killed", "Out of memory"], "an address of a status shows all of its states"


def test_a_lost_run_continues_with_its_next_heartbeat(one_of_each: dict[str, str], api: APIClient) -> None:
    run_id = one_of_each["lost"]
    lost = read(api.get(f"/api/runs/{run_id}"))
    assert (lost["status"], lost["state"]) == ("running", "lost")
    assert lost["evidence"] == {"since": lost["heartbeat_at"]}
    assert lost["state_reason"].startswith("No heartbeat since 20") and "UTC" in lost["state_reason"]
    api.put(f"/api/runs/{run_id}/heartbeat")
    again = read(api.get("/api/runs?state=running"))
    assert run_id in {run["id"] for run in again}
    assert read(api.get(f"/api/runs/{run_id}"))["state_reason"] is None
