"""Start of the process that uploads a run, and the bounded wait for it at the end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from runicorn.settings import user
from runicorn.store.notices import say

if TYPE_CHECKING:
    from runicorn.tracking.run import Run
    from runicorn.upload.queue import Queue

CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from runicorn.upload.process import main; main()"


class Target(NamedTuple):
    """The server that a run is sent to, "" for none, and the seconds that the end of the run waits for it."""

    url: str
    timeout: float

    @classmethod
    def of(cls, url: str | None, upload_timeout: float | None) -> Target:
        """What the arguments of `init` say, else the environment.

        Raises:
            ValueError: an argument is no address or no number of seconds.
        """
        server = address(url)
        return cls(server, timeout(upload_timeout) if server else 0.0)


def address(url: str | None) -> str:
    """The server that a run is sent to: what was given, else `RUNICORN_URL`; "" for none.

    Raises:
        ValueError: what was given is no address of a server.
    """
    if url is None:
        return checked(user.get("RUNICORN_URL"), told=True)
    return checked(url, told=False) if url else ""


def checked(url: str, *, told: bool) -> str:
    """The address without a slash at its end.

    Args:
        url: the address; "" for none.
        told: say what is wrong, and go on without it: it comes from a variable and not from the program.

    Raises:
        ValueError: it is malformed, and `lenient` is false.
    """
    parts = urlsplit(url.strip())
    try:
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if valid and not (parts.query or parts.fragment):
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    if not url:
        return ""
    sentence = f"url must be like http://host:23300, not {url!r}"
    if not told:
        raise ValueError(sentence)
    say(f"RUNICORN_URL: {sentence}; the run is kept here alone.")
    return ""


def timeout(given: float | None) -> float:
    """Seconds that the end of a run waits for its upload: what was given, else `RUNICORN_UPLOAD_TIMEOUT`.

    Raises:
        ValueError: what was given is not a number from 0 on.
    """
    from runicorn.upload.wait import DEFAULT, seconds

    if given is not None:
        return seconds(given, "upload_timeout")
    text = user.get("RUNICORN_UPLOAD_TIMEOUT")
    try:
        return seconds(float(text), "RUNICORN_UPLOAD_TIMEOUT")
    except ValueError:
        say(f"RUNICORN_UPLOAD_TIMEOUT must be a number of seconds, not {text!r}; {DEFAULT:g} is used.")
        return DEFAULT


def begin(run: Run, target: Target) -> None:
    """Have a sender process upload the run until it has ended and all of it is on the server.

    Returns at once; what goes wrong is told, never raised.
    """
    from runicorn.upload.queue import Queue
    from runicorn.upload.state import UploadState
    from runicorn.upload.verdict import image
    from runicorn.upload.wait import RunningUpload

    url = target.url
    try:
        queue = Queue.of(run.storage_root, url)
        UploadState(run.storage_root, run.id).begin(url, queue.folder.name)
        session = queue.add(run.id, run.run_dir, image())
        serve(queue)
    except (OSError, ValueError, RuntimeError) as error:
        say(f"run {run.id} is not sent to {url} ({error}); later: {command(run.storage_root, run.id)}")
        return
    queue.wake(run.id)
    run.upload = RunningUpload(run, target, queue, session)
    run.upload.start()


def serve(queue: Queue) -> None:
    """Start the sender process of a queue unless it is there.

    Raises:
        OSError: it cannot be started.
    """
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
            # Ctrl-C, and the end of the terminal, are the training's alone.
            start_new_session=True,
        )
    # It outlives this process and is never waited for.
    process.returncode = 0


def command(root: Path, run_id: str) -> str:
    """The command that sends what is left of a run."""
    import shlex

    return f"runicorn sync --storage {shlex.quote(str(root))} {run_id}"


def _environment() -> dict[str, str]:
    """Our environment without what would have the other process log."""
    return {name: value for name, value in os.environ.items() if name != "RUNICORN_URL"}
