"""Program of the process that captures environment and sources of a training: see `capture_process`.

    python capture_program.py <package path>

It ends when the training does; sources that a busy machine has not stored by then, it stores within half a minute.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Read the request from the standard input, write the content of `environment.json`, and store the sources."""
    # Those that the training inherited, such as pipes to other programs.
    os.closerange(3, 1024)
    version, sources, *start = json.loads(sys.stdin.buffer.readline())
    if version != sys.version:  # the training has embedded another interpreter
        return
    # Last, so that nothing beside it hides a module of the standard library.
    sys.path.append(sys.argv[1])
    from runicorn.capture.capture_process import HEAD, URGENT
    from runicorn.capture.environment import EnvironmentCapture
    from runicorn.capture.program_start import ProgramStart
    from runicorn.capture.sources.record import LATE_SECONDS
    from runicorn.store import layout

    described = ProgramStart(*start)._replace(variables=dict(os.environ))
    with suppress(OSError):  # it was removed
        os.chdir(described.folder)
    capture = EnvironmentCapture(start=described)
    stopped = threading.Event()
    given_up_at = float("inf")

    def listen() -> None:
        """Stop when the training asks for what is there, and end with the training."""
        nonlocal given_up_at
        request = sys.stdin.buffer.read(1)
        given_up_at = time.monotonic() + (0 if request == URGENT else LATE_SECONDS)
        stopped.set()
        capture.cancel()
        if not request:
            os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    content = layout.json_content(capture.capture_until(stopped.is_set).to_dict())
    with suppress(BrokenPipeError):  # the training has ended, or no longer waits
        sys.stdout.buffer.write(f"{len(content):{HEAD}d}".encode() + content)
        sys.stdout.buffer.flush()
    if sources:
        from runicorn.capture.sources.duplicate_run import find
        from runicorn.capture.sources.keep import keep

        with suppress(OSError, ValueError):  # a full disk, a run that was removed
            keep(Path(sources[0]), Path(sources[1]), described, lambda: time.monotonic() > given_up_at)
            duplicate = find(Path(sources[1])) if sources[2] and not stopped.is_set() else None
            sys.stdout.buffer.write((duplicate or "").encode())
            sys.stdout.buffer.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
