"""Process that watches the folders of a storage root for a viewer: `python -m runicorn_importers.watching.service ROOT`.

A separate process: parsing large files would slow down every response of the viewer, and a file that exhausts the
memory would kill it. It ends with the viewer: when the viewer terminates it, or when its standard input is closed.
Each line of the input is the list of folders from then on; their state is in `.runicorn/watching.json` of the store.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn.store import curation, layout
from runicorn_importers.watching import state as watch_state
from runicorn_importers.watching.state import Folder
from runicorn_importers.watching.watch import Watcher
from runicorn_importers.writing.writer import Item

INTERVAL, SHARE = 2.0, 4
"""Seconds between two passes, and the pause after a long one as a multiple of its time."""
NICENESS = 5
SHOWN = 20
"""Failures of a folder in the state."""


@dataclass
class Watched:
    """A folder with the results of its passes.

    Attributes:
        watcher: imports what is new.
        items: the last result of each source.
        state: what viewers show of it.
    """

    watcher: Watcher
    items: dict[str, Item] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=lambda: {"status": "importing", "runs": 0, "failed": []})

    def scan(self) -> None:
        """Make a pass, and update the state."""
        (path,) = self.watcher.paths
        error = ""
        try:
            if not path.exists():
                error = watch_state.MISSING
            self.items |= {item.source: item for item in self.watcher.scan().items}
        except (OSError, layout.InvalidName) as problem:
            error = getattr(problem, "strerror", None) or str(problem)
        failed = [item for item in self.items.values() if item.result == "failed"]
        self.state = {
            "status": "error" if error else "watching",
            "error": error,
            "runs": len(self.items) - len(failed),
            "failed": [{"source": item.source, "reason": item.reason} for item in failed[:SHOWN]],
            "scanned_at": time.time(),
        }


class Service:
    """Passes over all watched folders of a storage root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folders: list[Folder] = []
        self._watched: dict[Folder, Watched] = {}

    def run_pass(self) -> None:
        """Scan each folder once."""
        self._watched = {
            folder: self._watched.get(folder)
            or Watched(Watcher(self.root, (Path(folder.path),), folder.project))
            for folder in self.folders
        }
        for folder_watch in self._watched.values():
            if not folder_watch.items:
                self._write_state()
            folder_watch.scan()
        self._write_state()

    def _write_state(self) -> None:
        states = {folder.id: folder_watch.state for folder, folder_watch in self._watched.items()}
        path = curation.private_folder(self.root) / watch_state.FILE
        part = path.with_name(f"{watch_state.FILE}.{os.getpid()}")
        # Not synced to disk: after a crash of the machine the next pass writes it.
        part.write_text(json.dumps({"folders": states}), encoding="utf-8")
        part.replace(path)


def main() -> None:
    """Watch until the viewer ends."""
    with suppress(OSError, AttributeError):
        os.nice(NICENESS)
    service = Service(Path(sys.argv[1]))
    stop_event = threading.Event()
    threading.Thread(target=_listen, args=(service, stop_event), daemon=True).start()
    stop_event.wait()
    while True:
        started = time.monotonic()
        with suppress(OSError):  # a full disk: the next pass may succeed
            service.run_pass()
        time.sleep(max(INTERVAL, SHARE * (time.monotonic() - started)))


def _listen(service: Service, stop_event: threading.Event) -> None:
    """Take over each list of folders, and end with the viewer."""
    for line in sys.stdin.buffer:
        service.folders = [Folder(*entry) for entry in json.loads(line)]
        stop_event.set()
    os._exit(0)


if __name__ == "__main__":
    main()
