"""Files of a `wandb.Run`: `save`, `restore` and the folder `dir`."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from runicorn.compat.guard import guarded
from runicorn.compat.saved_files import FILES
from runicorn.settings import user
from runicorn.store import find
from runicorn.tracking.run import Run as OurRun


class RunFiles:
    """Methods for single files in the folder of a run."""

    _run: OurRun
    _foreign_name: str
    _also: Callable[..., None] | None

    @property
    def dir(self) -> str:
        """Return the folder for files of the run; it is created."""
        folder = self._run.run_dir / FILES
        with guarded(f"{self._foreign_name}.dir"):
            folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def save(self, glob_str: Any = None, base_path: Any = None, policy: str = "live") -> list[str]:
        """Copy files into the folder of the run; return their new paths.

        Args:
            glob_str: a path or a pattern.
            base_path: folder whose structure is kept; by default the working directory for relative paths, else that
                of the file.
            policy: ignored; a file is copied when `save` is called.
        """
        if glob_str is None:
            return []
        pattern, copied = os.fspath(glob_str), []
        if self._also is not None:
            where = {"base_path": os.path.abspath(base_path)} if base_path else {}
            self._also("save", os.path.abspath(pattern) if where else pattern, **where)
        base = (
            Path(base_path) if base_path else Path() if not os.path.isabs(pattern) else Path(pattern).parent
        )
        with guarded(f"{self._foreign_name}.save({pattern!r})"):
            for path in sorted(glob.glob(pattern)):
                inside = os.path.relpath(path, base)
                target = Path(self.dir, Path(path).name if inside.startswith("..") else inside)
                if os.path.isfile(path) and os.path.abspath(path) != os.path.abspath(target):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, target)
                copied.append(str(target))
        return copied

    def restore(
        self, name: str, run_path: str | None = None, replace: bool = False, root: str | None = None
    ) -> IO[str] | None:
        """Copy a file of this run, or of `entity/project/id`, to `root` and open it.

        Raises:
            ValueError: it does not exist.
        """
        source = Path(self.dir) if run_path is None else folder_of(run_path) / FILES
        target = Path(root or ".", name)
        if replace or not target.exists():
            if not (source / name).is_file():
                raise ValueError(f"File {name} not found in {run_path or self._run.id}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)
        return target.open(encoding="utf-8", errors="replace")


def folder_of(run_path: str) -> Path:
    """Return the folder of a run given as `[entity/][project/]id`.

    Raises:
        ValueError: it does not exist.
    """
    root = user.storage_root(None)
    run_id = run_path.strip("/").rpartition("/")[2]
    for place in find.find(root, run_id):
        return root / place
    raise ValueError(f"Could not find run {run_path}")
