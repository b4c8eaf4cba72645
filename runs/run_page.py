"""What the page of one run shows beside its charts."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runicorn import layout
from runs import files, services
from runs.models import Run, RunMedia
from runs.pairs import Pairs
from runs.tail import OpenFile, start_of_last

SHOWN_IMAGES = 200
"""Of one key; the newest are the ones that people look for."""
LINES = 100
"""Log lines in the page itself, for browsers without scripts."""
MOST_BYTES = 64 * 1024

REASONS = {
    "process_not_found": "The process of this run is gone: it ended without saying how. The run counts as failed.",
}
"""What a word in `exit_reason` means, where it is ours."""


def header_context(run: Run) -> dict[str, Any]:
    """The head of the page."""
    start = run.created if run.started is None else run.started
    reason = [REASONS.get(run.exit_reason, f"Ended because: {run.exit_reason}")] if run.exit_reason else []
    return {
        "run": run,
        "start": start,
        "running": run.status == layout.RUNNING,
        "elapsed": max(0.0, time.time() - start),
        "problems": [*reason, *run.warnings],
    }


def run_context(run: Run) -> dict[str, Any]:
    """All of the page but the charts, which the metrics place themselves."""
    images = pictures(run)
    environment = files.environment(run)
    tabs = [("charts", "Charts", 0), ("log", "Log", 0), ("config", "Config", 0), ("summary", "Summary", 0)]
    tabs += [("images", "Images", sum(len(key.images) for key in images))] if images else []
    tabs += [("environment", "Environment", 0)] if environment else []
    return header_context(run) | {
        "panes": [{"name": name, "label": label, "count": count} for name, label, count in tabs],
        "config": Pairs(run.config),
        "summary": Pairs(run.summary),
        "environment": Pairs(environment) if environment else None,
        "keys": images,
        "last_lines": last_lines(run.path / layout.LOGS),
    }


@dataclass(frozen=True, slots=True)
class Picture:
    """One image: where it is, and what is said of it."""

    address: str
    step: str
    alt: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """The images logged under one key, in their order."""

    name: str
    images: list[Picture]

    @property
    def last(self) -> int:
        """The position of the newest."""
        return len(self.images) - 1


def pictures(run: Run) -> list[Pictures]:
    """The newest images of each key."""
    by_key: dict[str, list[RunMedia]] = defaultdict(list)
    for media in services.media_of(run):
        # Tables and histograms lie beside the images, and are kept as JSON.
        if not media.path.endswith(".json"):
            by_key[media.key].append(media)
    return [
        Pictures(key, [_picture(run, media) for media in some[-SHOWN_IMAGES:]])
        for key, some in by_key.items()
    ]


def _picture(run: Run, media: RunMedia) -> Picture:
    step = "" if media.step is None else f"step {media.step:,}"
    words = ", ".join(part for part in (media.key, step, media.caption) if part)
    return Picture(f"/runs/{quote(run.run_id)}/media/{quote(media.path)}", step, words)


def last_lines(path: Path) -> str:
    """The last lines of a log as plain text; empty where there is none."""
    try:
        file = OpenFile(path)
    except OSError:
        return ""
    start = max(start_of_last(file, LINES), os.fstat(file.fd).st_size - MOST_BYTES)
    return os.pread(file.fd, MOST_BYTES, start).decode("utf-8", "replace")
