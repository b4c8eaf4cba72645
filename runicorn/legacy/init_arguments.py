"""Additional arguments of `init` in Runicorn 0.6 and 0.7."""

from __future__ import annotations

import os
from typing import TypedDict


class Arguments(TypedDict, total=False):
    """Additional arguments of `init` in 0.6 and 0.7.

    Attributes:
        alias: another name of the run; stored as a tag.
        snapshot_code: copy the source files of `workspace_root` into the run's folder.
        workspace_root: root of the source files; by default the working directory.
        tqdm_mode, snapshot_format, force_snapshot: ignored: progress bars are always folded, and a snapshot is a folder
            of at most 64 MiB.
    """

    alias: str | None
    snapshot_code: bool
    workspace_root: str | os.PathLike[str] | None
    tqdm_mode: str
    snapshot_format: str
    force_snapshot: bool
