"""What the files of runs say, read as the format documents them, independent of the library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Record:
    """One run on disk."""

    path: Path

    def _read(self, name: str) -> dict[str, Any]:
        path = self.path / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    @property
    def meta(self) -> dict[str, Any]:
        return self._read("meta.json")

    @property
    def status(self) -> dict[str, Any]:
        return self._read("status.json")

    @property
    def summary(self) -> dict[str, Any]:
        return self._read("summary.json")

    @property
    def config(self) -> dict[str, Any]:
        return self._read("config.json")

    @property
    def log(self) -> str:
        return (self.path / "logs.txt").read_text(encoding="utf-8")

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of all events of that type, in order; without a line that is still being written."""
        journal = self.path / "events.jsonl"
        lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
        return [event["data"] for event in map(json.loads, lines) if event["type"] == kind]

    def metrics(self) -> set[str]:
        """The names of what was logged."""
        return set().union(*self.events("metrics")) - {"time", "global_step", "stage"}

    def curve(self, name: str) -> list[tuple[int, Any]]:
        """Step and value of every point of one metric."""
        return [(row["global_step"], row[name]) for row in self.events("metrics") if name in row]


def records(root: Path) -> list[Record]:
    """All runs of a storage root, oldest first."""
    records = [Record(path.parent) for path in root.glob("*/*/runs/*/meta.json")]
    return sorted(records, key=lambda record: record.meta["created_at"])
