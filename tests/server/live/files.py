"""Helpers for files that are read while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from runicorn_site.web.files import OpenFile
from runs.live.tail import Tail, text_lines


def append(path: Path, data: bytes | str) -> None:
    """Add to the end of a file, as a training process does."""
    with path.open("ab", buffering=0) as file:
        file.write(data.encode() if isinstance(data, str) else data)


def numbered(count: int, first: int = 0, width: int = 60) -> str:
    """Lines that name themselves, so that a missing or a doubled one is seen."""
    return "".join(f"line {number:08d} ".ljust(width, ".") + "\n" for number in range(first, first + count))


def read_all(tail: Tail, path: Path) -> list[str]:
    """The lines that a tail finds in a file now."""
    file = OpenFile(path)
    lines: list[str] = []
    while chunk := tail.read(file):
        if chunk.replaced:
            lines.append("<replaced>")
        lines.extend(text for text, _ in text_lines(chunk.data, chunk.start))
    return lines


def open_descriptors(pid: int | str, paths: Iterable[Path]) -> list[str]:
    """Which of some files a process holds open."""
    targets = {str(path.resolve()) for path in paths}
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return [link for link in links if link.removesuffix(" (deleted)") in targets]
