"""Trainings, workers, senders and the server are killed at random, in containers and without: nothing is lost.

A run may stay `running` on the server only where the machine fell silent: its container died with the sender in it.
Such a run is complete after `runicorn sync`.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.processes import Viewer, environment, is_free
from tests.tools.sync.sending import differences, in_a_pid_namespace, senders, sync
from tests.waiting import until

TRAINING = """
import os, sys, time
import runicorn as rn
run = rn.init("torn", "apart", run_id=sys.argv[1], capture_env=False, system_metrics=False)
worker = os.fork()
if worker == 0:
    for step in range(10_000):
        run.log({"worker": step})
        time.sleep(0.01)
    os._exit(0)
print(worker, flush=True)
for step in range(int(sys.argv[2])):
    run.log({"loss": 1 / (step + 1)}, step=step)
    if step % 50 == 0:
        run.log_image("noise", os.urandom(5_000_000 if step == 50 else 20_000), step=step)
    time.sleep(0.005)
run.log_table("last", [{"a": 1}])
os.kill(worker, 9)
os.waitpid(worker, 0)
run.finish()
"""
ENDS = ("finished", "failed", "interrupted")


class Storm:
    """One server and many trainings, killed at random.

    Args:
        seed: decides who is killed when.
        near: the store that trains.
        far: the store of the server.
        home: where the users' files are.
    """

    def __init__(self, seed: int, near: Path, far: Path, home: Path) -> None:
        self.chance = random.Random(seed)
        self.near, self.far, self.home = near, far, home
        self.container = in_a_pid_namespace()
        self.viewer = self._viewer(None)
        self.kills: Counter[str] = Counter()
        self.contained: set[str] = set()
        self.running: dict[str, tuple[subprocess.Popen[str], int]] = {}

    def _viewer(self, port: int | None) -> Viewer:
        class Elsewhere(Viewer):
            """Processes of trainings on this machine are invisible to it."""

            prefix = self.container

        if port is not None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("tests.processes.free_port", lambda: port)
                return Elsewhere(self.far, self.home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()
        return Elsewhere(self.far, self.home, RUNICORN_RATE_LIMIT="off").wait_until_it_answers()

    def train(self) -> None:
        """Start a training, in a container or without."""
        run_id = f"20260117_120000_{secrets.token_hex(3)}"
        inside = self.chance.random() < 0.3
        command = [*(self.container if inside else ()), sys.executable, "-c", TRAINING, run_id]
        process = subprocess.Popen(
            [*command, str(self.chance.randrange(20, 300))],
            env=environment(self.home, RUNICORN_DIR=str(self.near), RUNICORN_URL=self.viewer.url),
            cwd=self.near,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout
        worker = process.stdout.readline()
        if inside:
            self.contained.add(run_id)
        self.running[run_id] = (process, 0 if inside or not worker else int(worker))

    def strike(self) -> None:
        """Kill a random process."""
        whom = self.chance.choices(("trainer", "worker", "sender", "server"), (5, 4, 5, 1))[0]
        if whom == "sender":
            victims = senders(self.near)
            if victims:
                number = self.chance.choice((signal.SIGKILL, signal.SIGTERM))
                with suppress(psutil.NoSuchProcess):
                    self.chance.choice(victims).send_signal(number)
                    self.kills[f"sender {number.name}"] += 1
        elif whom == "server":
            self.viewer.kill()
            until(lambda: is_free(self.viewer.port))  # the process in the container ends after its parent
            self.kills["server"] += 1
            self.viewer = self._viewer(self.viewer.port)
        else:
            self._strike_training(whom)

    def _strike_training(self, whom: str) -> None:
        alive = [(run_id, *both) for run_id, both in self.running.items() if both[0].poll() is None]
        if not alive:
            return
        run_id, process, worker = self.chance.choice(alive)
        pid = worker if whom == "worker" else process.pid
        if not pid:
            return
        number = signal.SIGKILL
        if whom == "trainer" and run_id not in self.contained:
            number = self.chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))
        with suppress(ProcessLookupError):
            if whom == "trainer" and worker:
                # Output of a worker after the death of its training is not part of the run.
                os.kill(worker, signal.SIGKILL)
            os.kill(pid, number)
            place = " in a container" if run_id in self.contained else ""
            self.kills[f"{whom} {number.name}{place}"] += 1

    def settle(self) -> None:
        """Wait until every training and every sender has ended."""
        for process, worker in self.running.values():
            process.wait(90)
            if worker:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        until(lambda: not senders(self.near), timeout=120)

    def lost(self) -> list[str]:
        """Return data that was acknowledged here but is missing on the server."""
        waiting = {path.stem for path in self.near.glob(".runicorn/upload/senders/*/runs/*.json")}
        for run_id in waiting:
            process = sync(self.near, self.home, run_id)
            assert process.returncode == 0, process.stderr
        return differences(self.near, self.far)

    def wrong_states(self) -> list[str]:
        """Return the runs whose status on the server is wrong, except those of killed containers."""
        wrong = []
        for run_id, (process, _) in self.running.items():
            path = self.far / "torn" / "apart" / "runs" / run_id / "status.json"
            status = json.loads(path.read_text())["status"]
            silent = run_id in self.contained and process.returncode != 0
            right = status == "finished" if process.returncode == 0 else status in ENDS[1:] or silent
            wrong += [] if right else [f"{run_id}: {status} after {process.returncode}"]
        return wrong

    def stop(self) -> None:
        """Stop all processes."""
        for process, worker in self.running.values():
            process.kill()
            process.communicate(timeout=60)
            if worker:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        self.viewer.kill()


def storm(seed: int, kills: int, near: Path, far: Path, home: Path) -> Counter[str]:
    """Kill `kills` times, then compare both stores."""
    scene = Storm(seed, near, far, home)
    try:
        while sum(scene.kills.values()) < kills:
            while sum(process.poll() is None for process, _ in scene.running.values()) < 4:
                scene.train()
            scene.strike()
            time.sleep(scene.chance.random() * 0.3)
        scene.settle()
        lost = scene.lost()
        wrong = scene.wrong_states()
    finally:
        scene.stop()
    sys.stdout.write(
        f"\n{sum(scene.kills.values())} kills, {len(scene.running)} runs, {len(lost)} lost files,"
        f" {len(wrong)} wrong states: {dict(scene.kills)}\n"
    )
    assert not lost, lost
    assert not wrong, wrong
    return scene.kills


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(5))
def test_uploads_killed_at_random(seed: int, near: Path, folder: Path, home: Path) -> None:
    assert sum(storm(seed, 100, near, folder, home).values()) == 100
