"""200 trainings end in random ways at random moments, over all ways of logging: each has the right state."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from runicorn_tools.sync.mirror import mirror_store
from runicorn_tools.sync.transport import wrap_client
from tests.processes import Viewer
from tests.sdk.companion.trainings import Training
from tests.tools.sync.far import TalkativeSshd, over_asyncssh, store_of
from tests.tools.sync.sending import in_a_pid_namespace, senders
from tests.waiting import until

TRAININGS = 200
AT_ONCE = 12
LOOP = """
def go(name):
    while True:
        run.log({name: time.time()})
        time.sleep(0.003)
"""
LOGGING = {
    "alone": LOOP + "go('loss')",
    "threads": LOOP + "[threading.Thread(target=go, args=(n,), daemon=True).start() for n in 'ab']; go('c')",
    "worker": LOOP
    + """
if os.fork() == 0:
    while os.getppid() == run.process:
        run.log({'worker': 1})
        time.sleep(0.003)
    os._exit(0)
go('loss')
""",
}
OWN_ENDS = {
    "os._exit(3)": ("failed", "failed"),
    "os.abort()": ("failed", "killed"),
    "ctypes.string_at(0)": ("failed", "killed"),
    "1 / 0": ("failed", "failed"),
    "sys.exit(2)": ("failed", "failed"),
    "run.finish()": ("finished", "finished"),
}
SIGNALS = {
    "SIGKILL": ("failed", "killed"),
    "SIGQUIT": ("failed", "killed"),
    "SIGTERM": ("interrupted", "interrupted"),
    "SIGINT": ("interrupted", "interrupted"),
}
HANGING = """import faulthandler
faulthandler.dump_traceback_later(45, file=open(sys.argv[1] + ".hanging", "w"))
"""
"""Writes where a training stands that does not end, beside its store."""
JUDGED = {"killed": "failed"}
"""State that a viewer gives, which only sees that the process is gone."""


class Scene:
    """Stores, viewers and random decisions."""

    def __init__(self, seed: int, base: Path, home: Path) -> None:
        self.chance = random.Random(seed)
        self.home = home
        self.container = in_a_pid_namespace()
        self.opened = ExitStack()
        self.local, self.near, self.far, self.mirrored = (
            base / name for name in ("local", "near", "far", "mirrored")
        )
        for store in (self.local, self.near, self.far, self.mirrored):
            store.mkdir(parents=True)
        server = TalkativeSshd(base / "host")
        self.remote = store_of(server)
        self.remote.mkdir()
        server.start()
        self.opened.callback(server.stop)
        self.client = wrap_client(self.opened.enter_context(over_asyncssh(server)))

        class Elsewhere(Viewer):
            """A viewer to which processes of this machine are invisible."""

            prefix = self.container

        self.viewers = [
            Viewer(self.local, home / "one", RUNICORN_RATE_LIMIT="off").wait_until_it_answers(),
            Elsewhere(self.far, home / "two", RUNICORN_RATE_LIMIT="off").wait_until_it_answers(),
            Elsewhere(self.mirrored, home / "three", RUNICORN_RATE_LIMIT="off").wait_until_it_answers(),
        ]
        self.stores = {"upload": self.near, "mirror": self.remote}
        self.shown_by = {"upload": self.viewers[1], "mirror": self.viewers[2]}
        for viewer in self.viewers:
            self.opened.callback(viewer.kill)
        self.ended = threading.Event()
        self.mirror = threading.Thread(target=self._mirror)
        self.mirror.start()
        self.opened.callback(self.mirror.join)
        self.opened.callback(self.ended.set)

    def _mirror(self) -> None:
        """Mirror the remote store over SFTP repeatedly."""
        while not self.ended.wait(0.5):
            mirror_store(self.client, str(self.remote), self.mirrored, "host")

    def one(self) -> tuple[Training, Viewer, str, tuple[str, str]]:
        """Start a training and end it; return it, who shows it, a description, and status and state expected."""
        place = self.chance.choice(("companion", "no companion", "container", "upload", "mirror"))
        way = self.chance.choice([*SIGNALS, *SIGNALS, "group", *OWN_ENDS])
        logging = self.chance.choice(list(LOGGING))
        code = LOGGING[logging] if way in SIGNALS or way == "group" else f"run.log({{'a': 1}}); {way}"
        if place == "container":
            way, code = "SIGKILL", LOGGING[logging]
        more = {"RUNICORN_COMPANION": "off"} if place == "no companion" else {}
        more |= {"RUNICORN_URL": self.viewers[1].url} if place == "upload" else {}
        prefix = self.container if place == "container" else ()
        store = self.stores.get(place, self.local)
        training = Training(store, self.home, HANGING + code, prefix=prefix, **more)
        self.opened.callback(training.close)
        training.go_on()
        time.sleep(self.chance.random() * 0.2)  # a random moment
        with suppress(ProcessLookupError):
            if way == "group":
                os.killpg(training.process.pid, signal.SIGKILL)
            elif way in SIGNALS:
                training.process.send_signal(signal.Signals[way])
        status, state = OWN_ENDS.get(way) or SIGNALS["SIGKILL" if way == "group" else way]
        if place in ("no companion", "container"):
            state = JUDGED.get(state, state)
        viewer = self.shown_by.get(place, self.viewers[0])
        return training, viewer, f"{place}, {way}, {logging}", (status, state)


def check(count: int, seed: int, base: Path, home: Path) -> None:
    """End `count` trainings and compare their states."""
    scene = Scene(seed, base, home)
    tally: Counter[str] = Counter()
    wrong: list[str] = []
    remaining = count
    try:
        while remaining > 0:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                batch = list(pool.map(lambda _: scene.one(), range(min(AT_ONCE, remaining))))
            remaining -= len(batch)
            for training, viewer, about, expected in batch:
                try:
                    training.process.wait(60)
                except subprocess.TimeoutExpired:
                    place = (training.store / f"{training.run_id}.hanging").read_text()
                    wrong.append(f"{about}: still runs after a minute\n{place}")
                    training.close()
                    continue
                address = f"/api/runs/{training.run_id}"
                verdict = ("", "")
                deadline = time.monotonic() + 30
                while verdict != expected and time.monotonic() < deadline:
                    answer = viewer.get(address).json()
                    verdict = answer.get("status", ""), answer.get("state", "")
                    time.sleep(0.05)
                training.close()
                tally[f"{about.split(', ')[0]}: {verdict[1]}"] += 1
                if verdict != expected:
                    wrong.append(f"{about}: {verdict} instead of {expected}, {training.status}")
        until(lambda: not senders(scene.near), timeout=120)
    finally:
        scene.opened.close()
    sys.stdout.write(f"\n{count} ends, {count - len(wrong)} right states: {dict(sorted(tally.items()))}\n")
    assert not wrong, "\n".join(wrong)


@pytest.mark.torture
@pytest.mark.needs("sshd")
def test_two_hundred_trainings_end_at_random(tmp_path: Path, home: Path) -> None:
    check(TRAININGS, 18, tmp_path, home)
