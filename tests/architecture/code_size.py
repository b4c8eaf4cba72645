"""Lines of Python by package and capability: `python -m tests.architecture.code_size` prints them beside the recorded ones.

Code may grow: where a capability grows by more than a tenth, CHANGELOG.md names its folder, and `--record` records the new
number of lines.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("code_size.json")
PACKAGES = (
    *("runicorn", "runicorn_importers", "runicorn_tools", "runicorn_site"),
    *("runs", "metrics", "artifacts", "alerts", "people", "remote", "samples"),
)
GROWTH = 1.1
SMALL = 200
"""Lines by which a small folder may grow."""


def lines_by_folder() -> dict[str, int]:
    """Return the lines that are not blank, by package and first folder; migrations are left out."""
    lines: Counter[str] = Counter()
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            parts = path.relative_to(PROJECT).parts
            if "migrations" not in parts:
                folder = "/".join(parts[: 2 if len(parts) > 2 else 1])
                lines[folder] += sum(bool(line.strip()) for line in path.read_text("utf-8").splitlines())
    return dict(sorted(lines.items()))


def recorded() -> dict[str, int]:
    """Return the recorded lines by folder."""
    return dict(json.loads(RECORD.read_text("utf-8")))


def grown() -> dict[str, tuple[int, int]]:
    """Return the folders with more than a tenth more lines than recorded: recorded and present lines."""
    before = recorded()
    return {
        folder: (before.get(folder, 0), lines)
        for folder, lines in lines_by_folder().items()
        if lines > max(before.get(folder, 0) * GROWTH, before.get(folder, 0) + SMALL)
    }


def main() -> None:
    """Print the table, or record it."""
    lines, before = lines_by_folder(), recorded() if RECORD.exists() else {}
    if "--record" in sys.argv[1:]:
        RECORD.write_text(json.dumps(lines, indent=1) + "\n", "utf-8")
    for package in PACKAGES:
        rows = [(f, before.get(f, 0), n) for f, n in lines.items() if f.split("/")[0] == package]
        print_row(package, sum(was for _, was, _ in rows), sum(now for _, _, now in rows))
        for folder, was, now in rows:
            print_row(f"  {folder.removeprefix(package) or '.'}", was, now)
    print_row("all", sum(before.values()), sum(lines.values()))


def print_row(name: str, was: int, now: int) -> None:
    """Print a row of the table."""
    sys.stdout.write(f"{name:24}{was:8,}{now:8,}{now - was:+8,}\n")


if __name__ == "__main__":
    main()
