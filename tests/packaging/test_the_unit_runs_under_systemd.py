"""deploy/runicorn.service under a real systemd: readiness, restarts, the store, SSH, and the end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.machines import PROGRAMS, Machine, machine
from tests.processes import PROJECT
from tests.waiting import until

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(1800),
    pytest.mark.needs(*PROGRAMS),
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of systemd-nspawn need root"),
]
UNIT = "runicorn.service"
TRAIN = """
import runicorn as rn
with rn.init(project="vision", name="uploaded", capture_env=False, system_metrics=False) as run:
    run.log({"loss": 0.5})
print(run.id)
"""
KEY = """
install -d -m 700 /root/.ssh /root/runs
[ -e /root/.ssh/key ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/key
cp /root/.ssh/key.pub /root/.ssh/authorized_keys
ln -sfn /opt/runicorn /root/.venv
"""


@pytest.fixture(scope="module")
def installed() -> Iterator[Machine]:
    """A machine with the unit, set up as its first lines say."""
    with machine() as booted:
        shutil.copy(PROJECT / "deploy" / UNIT, booted.root / "etc" / "systemd" / "system" / UNIT)
        shutil.copy(Path(__file__).parent / "in_machine.py", booted.root / "opt" / "in_machine.py")
        booted.run("systemctl", "daemon-reload")
        yield booted


@pytest.fixture
def started(installed: Machine) -> Iterator[Machine]:
    """The machine while the unit runs."""
    installed.run("systemctl", "start", UNIT)
    yield installed
    installed.run("systemctl", "stop", UNIT)


def properties(machine: Machine, *names: str) -> list[str]:
    """Return some properties of the unit, in their order."""
    lines = machine.run("systemctl", "show", f"--property={','.join(names)}", UNIT).splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    return [properties[name] for name in names]


def ask(machine: Machine, words: str) -> Any:
    """Ask the viewer for a path, or what else `in_machine.py` does."""
    return json.loads(machine.run("python3", "/opt/in_machine.py", words).splitlines()[-1])


def test_the_viewer_answers_once_the_unit_is_started(started: Machine) -> None:
    assert ask(started, "/api/health")["status"] == "ok"
    (process,) = properties(started, "MainPID")
    status = started.run("cat", f"/proc/{process}/status")
    assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
    assert started.run("stat", "--format=%a", "/var/lib/private/runicorn") == "700"
    assert "Traceback" not in started.run("journalctl", "--no-pager", "--unit", UNIT)


def test_a_killed_viewer_is_started_again_with_its_token_and_runs(started: Machine) -> None:
    token = started.run("cat", "/var/lib/private/runicorn/state/token-23300")
    surroundings = (
        "env",
        "RUNICORN_URL=http://127.0.0.1:23300",
        f"RUNICORN_TOKEN={token}",
        "RUNICORN_DIR=/root/runs",
    )
    run_id = started.run(*surroundings, "/opt/runicorn/bin/python", "-c", TRAIN).splitlines()[-1]
    (process,) = properties(started, "MainPID")
    started.run("kill", "-9", process)
    until(lambda: properties(started, "NRestarts", "ActiveState") == ["1", "active"])
    until(lambda: [run["id"] for run in ask(started, "/api/runs")] == [run_id])


def test_the_viewer_connects_to_remote_hosts(started: Machine) -> None:
    started.run("sh", "-e", "-c", KEY)
    assert ask(started, "connect")["status"] == "running"


def test_a_start_that_fails_is_reported(installed: Machine) -> None:
    other = ("systemd-run", "--unit=other", "python3", "-m", "http.server", "--bind", "127.0.0.1", "23300")
    installed.run(*other)
    installed.run("systemctl", "start", UNIT, code=1)
    installed.run("systemctl", "stop", UNIT, "other")
    installed.run("systemctl", "reset-failed", UNIT, code=None)
    assert "23300" in installed.run("journalctl", "--no-pager", "--unit", UNIT)


def test_the_unit_ends_without_a_failure(installed: Machine) -> None:
    installed.run("systemctl", "start", UNIT)
    installed.run("systemctl", "stop", UNIT)
    assert properties(installed, "ActiveState", "Result", "ExecMainStatus") == ["inactive", "success", "0"]
