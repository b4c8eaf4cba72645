"""Copy of the source files of a program."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from runicorn.store import layout

EXTENSIONS = (".py", ".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".sh")
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})
FILE_LIMIT = 1024 * 1024
TOTAL_LIMIT = 64 * 1024 * 1024
INFO = "snapshot_info.json"


def copy_sources(code_dir: Path, output_dir: Path, extensions: Sequence[str] | None = None) -> list[str]:
    """Copy the source files below `code_dir`, list them in `snapshot_info.json`, and return their paths.

    Leaves out hidden files and folders, links, environments, build outputs, files over 1 MiB, everything beyond 64 MiB
    in total, and `output_dir` itself.

    Raises:
        OSError: `code_dir` is not a readable folder, or `output_dir` cannot be written.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    endings = tuple(EXTENSIONS if extensions is None else extensions)
    copied, skipped, total = [], 0, 0
    for path in _files(code_dir, output_dir.resolve()):
        if not path.name.endswith(endings):
            continue
        size = path.stat().st_size
        if size > FILE_LIMIT or total + size > TOTAL_LIMIT:
            skipped += 1
            continue
        relative = path.relative_to(code_dir)
        (output_dir / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, output_dir / relative)
        copied.append(relative.as_posix())
        total += size
    about = {"source_dir": str(code_dir), "timestamp": time.time(), "files": copied, "too_large": skipped}
    layout.write_json(output_dir / INFO, about)
    return copied


def _files(code_dir: Path, output_dir: Path) -> Iterator[Path]:
    for path in sorted(Path(entry.path) for entry in os.scandir(code_dir)):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in SKIPPED and path.resolve() != output_dir:
                yield from _files(path, output_dir)
        elif path.is_file():
            yield path
