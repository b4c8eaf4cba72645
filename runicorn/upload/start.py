"""Start the process that uploads the runs of a queue."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runicorn.upload.queue import Queue

CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from runicorn.upload.process import main; main()"


def serve(queue: Queue) -> None:
    """Start the sender process of a queue unless it is running."""
    import subprocess

    if not queue.claim_start():
        return
    parent = str(Path(__file__).resolve().parents[2])
    with open(os.open(queue.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(
            [sys.executable or "python3", "-P", "-c", CODE, parent, str(queue.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd=queue.root,
            env=_environment(),
            # Ctrl-C and the end of the terminal concern the training only.
            start_new_session=True,
        )
    # It outlives this process: suppress the warning that it is still running.
    process.returncode = 0


def command(root: Path, run_id: str) -> str:
    import shlex

    return f"runicorn sync --storage {shlex.quote(str(root))} {run_id}"


def _environment() -> dict[str, str]:
    """Return our environment without the variable that would make the sender process upload runs of its own."""
    return {name: value for name, value in os.environ.items() if name != "RUNICORN_URL"}
