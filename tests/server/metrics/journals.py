"""Random journals: straight, resumed, torn, full of NaN, written by several processes."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from runs.active_root import active_root
from runs.models import Run
from runs.services.lookup import get_run
from tests.folders import write_run


class Scribe:
    """Writes the lines of a journal, all of it drawn from one seed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.step = 0
        self.time = 1.7e9 + random.randrange(10**6) / 7
        self.names = ["loss", "acc", "train/ü", "lr", "epoch", "state"][: random.randint(1, 6)]
        self.strange = random.choice([0.0, 0.02, 0.3])

    def lines(self, count: int) -> bytes:
        """`count` lines or a few more, each with its newline."""
        out = []
        while len(out) < count:
            roll = self.random.random()
            if roll < 0.02:
                self.step = self.random.randint(-3, max(self.step, 0))
            elif roll < 0.02 + self.strange / 4:
                out.append(self._foreign())
                continue
            out.append(self._logged())
        return b"".join(out)

    def _logged(self) -> bytes:
        random = self.random
        self.time += random.choice([0.001, 0.5, random.random(), -0.01 if self.strange else 0.1])
        self.step += random.choice([1, 1, 1, 1, 0 if self.strange else 1, 2])
        data: dict[str, Any] = {}
        for name in self.names:
            if random.random() < 0.8:
                data[name] = self._value(name)
        data |= {"global_step": self.step, "time": self.time}
        if random.random() < 0.3:
            data["stage"] = random.choice(["train", "eval", None, 3])
        if random.random() < self.strange:
            self._disturb(data)
        return _line("metrics", data, None if random.random() < self.strange / 2 else self.time)

    def _value(self, name: str) -> Any:
        random = self.random
        if name == "epoch":
            return self.step // 10
        if name == "state":
            return random.choice(["warm", "hot", "naïve", True, False])
        if random.random() < self.strange:
            huge = [2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**80, -(10**400)]
            rare = [float("nan"), float("inf"), float("-inf"), None, [1], {"a": 1}, "n/a", True, 7, *huge]
            return random.choice(rare)
        return random.gauss(0, 1) if name == "loss" else float(int(random.gauss(0, 9)))

    def _disturb(self, data: dict[str, Any]) -> None:
        random = self.random
        what = random.choice(["no step", "old step", "odd step", "no time", "odd time", "only nulls"])
        if what == "no step":
            del data["global_step"]
        elif what == "old step":
            data["step"] = data.pop("global_step")
        elif what == "odd step":
            data["global_step"] = random.choice(["12", 3.7, True, None, "x", float("nan"), 2**70, [1]])
        elif what == "no time":
            del data["time"]
        elif what == "odd time":
            data["time"] = random.choice(["now", float("nan"), 1e300, 5, True, None])
        else:
            for name in self.names:
                data[name] = None

    def _foreign(self) -> bytes:
        random = self.random
        return random.choice(
            [
                b"\n",
                b"   \r\n",
                b"not json\n",
                b'{"ts": 1, "type": "metrics", "data": {"loss": 0.1, "global\n',
                b'{"ts":1,"type":"metrics","data":{"loss":1}},{"ts":1,"type":"metrics","data":{"loss":2}}\n',
                b'{"ts":1,"type":"metrics","data":{"x":[{"a":1}\n',
                b'{"b":2}]}}\n',
                b"[1, 2]\n",
                b"null\n",
                b'{"type":"metrics","data":[]}\n',
                b'{"type":"other","data":{"loss":1}}\n',
                b'{"ts":5,"type":"image","data":{"key":"k","path":"media/x.png","step":null}}\n',
                b'{"ts":5,"type":"metrics","data":{"l\xffoss":1.5,"global_step":3}}\n',
                b'{"ts":5,"type":"metrics","data":{"\\ud800":1.5,"global_step":3}}\n',
                b"[" * 5000 + b"\n",
                _line("system", {"system/cpu_percent": random.random()}, self.time),
                _line(
                    "metrics", {"loss": "x" * random.randint(1, 3000), "global_step": self.step}, self.time
                ),
            ]
        )


def _line(kind: str, data: dict[str, Any], ts: float | None) -> bytes:
    return json.dumps({"ts": ts, "type": kind, "data": data}, ensure_ascii=False).encode() + b"\n"


def new_run(number: int) -> Run:
    """A run of the active root that has logged nothing yet."""
    root = Path(active_root().path)
    return get_run(write_run(root, run_id=f"20260101_000000_{number % 2**24:06x}"))


def path_of(run: Run) -> Path:
    """The run's journal."""
    return Path(run.root.path) / run.folder / "events.jsonl"


def append(run: Run, content: bytes) -> None:
    """Add bytes to the run's journal."""
    with path_of(run).open("ab") as journal:
        journal.write(content)
