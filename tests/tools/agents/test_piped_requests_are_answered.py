"""`printf … | runicorn mcp`: requests that are followed by the end of the input have their answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.folders import write_run

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a script", "version": "1"},
}


def request(number: int, method: str, **params: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def test_requests_before_the_end_of_the_input_are_answered(tmp_path: Path) -> None:
    for number in range(20):
        write_run(tmp_path / "store", "vision", run_id=f"20260101_0000{number:02}_abcdef")
    calls = [request(3 + at, "tools/call", name="list_runs", arguments={}) for at in range(5)]
    lines = (
        request(1, "initialize", **INITIALIZE),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(2, "tools/list"),
        *calls,
    )
    process = subprocess.run(
        [sys.executable, "-m", "runicorn", "mcp", "--storage", str(tmp_path / "store")],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
    answers = {answer["id"]: answer for answer in map(json.loads, process.stdout.splitlines())}
    assert (process.returncode, sorted(answers)) == (0, list(range(1, 8))), process.stderr
    assert all("20260101_000019_abcdef" in json.dumps(answers[number]) for number in range(3, 8))


def test_a_cancelled_request_does_not_delay_the_end(tmp_path: Path) -> None:
    write_run(tmp_path / "store", "vision", run_id="20260101_000000_abcdef", status="running")
    wait = {"runs": ["20260101_000000_abcdef"], "until": "metric.loss.last > 1", "seconds": 3}
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    lines = (
        request(1, "initialize", **INITIALIZE),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(2, "tools/call", name="wait", arguments=wait),
        json.dumps(cancelled),
        request(3, "ping"),
    )
    process = subprocess.run(
        [sys.executable, "-m", "runicorn", "mcp", "--storage", str(tmp_path / "store")],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
    answers = [json.loads(line)["id"] for line in process.stdout.splitlines()]
    assert process.returncode == 0 and 3 in answers and 2 not in answers
