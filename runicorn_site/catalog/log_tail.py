"""Last lines of a growing text file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = 1 << 16
PAUSE = 0.25
"""Seconds between two looks at a file that is followed."""


def last_lines(path: Path, count: int) -> tuple[list[str], int]:
    """Return the last complete lines of a file and the byte at which they end; none if it does not exist."""
    try:
        with open(path, "rb") as file:
            at = end = file.seek(0, 2)
            content = b""
            while at > 0 and content.count(b"\n") <= count:
                at = max(0, at - BLOCK)
                file.seek(at)
                content = file.read(min(BLOCK, end - at - len(content))) + content
    except FileNotFoundError:
        return [], 0
    complete, newline, rest = content.rpartition(b"\n")
    lines = complete.split(b"\n") if newline else []
    return [_text(line) for line in lines[-count:] if count], end - len(rest)


def follow(
    path: Path,
    tail: int,
    is_growing: Callable[[], bool],
    wait: Callable[[], None] = lambda: time.sleep(PAUSE),
) -> Iterator[str]:
    """Yield the last lines of a file, and those that are added until it no longer grows.

    Args:
        is_growing: asked before each read, so that what was written before the end is read.
    """
    lines, offset = last_lines(path, tail)
    yield from lines
    rest = b""
    while True:
        is_last = not is_growing()
        for chunk in _from(path, offset):
            offset += len(chunk)
            *complete, rest = (rest + chunk).split(b"\n")
            yield from map(_text, complete)
        if is_last:
            if rest:
                yield _text(rest)
            return
        wait()


def _from(path: Path, offset: int) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            while chunk := file.read(BLOCK):
                yield chunk
    except FileNotFoundError:
        return


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r")
