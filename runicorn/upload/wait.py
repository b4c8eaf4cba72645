"""Upload of a run from the perspective of its training: sender process, problems, completion."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runicorn import _platform
from runicorn.capture.background_thread import BackgroundThread
from runicorn.capture.detached_process import PACKAGE
from runicorn.companion.exit_status import image
from runicorn.newer_python import module_command
from runicorn.store import layout
from runicorn.store.notices import say
from runicorn.store.process_identity import FIRST_NAMESPACE
from runicorn.store.run_files import SUBFOLDERS
from runicorn.upload.queue import SENDERS, START_SECONDS, Queue
from runicorn.upload.state import UploadState
from runicorn.upload.target import Target

CHECK = 5.0
"""Seconds between two checks of the sender process."""
EARLY, EARLY_CHECK = 10.0, 0.2
"""Seconds at the beginning with more frequent checks for problems, and their interval."""
QUIET = 2.0
"""Seconds of waiting before the first message."""
PAUSE = 0.03
DENIED_SECONDS = 1.5
"""Seconds that the end of a run waits for a server that requires another address, certificate or token."""
UNANSWERED_SECONDS = 1.5
"""The same for a server that has not answered since `init`, if the files and the sender process outlive the training."""
SILENCE = 0.8
"""Seconds after `init` at which a server that has not answered is reported."""
UNKNOWN = "the server has not answered yet"
CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")

_unanswered: set[str] = set()
"""Servers for which the end of a run has waited in vain."""


class RunningUpload:
    """The upload of a run that this process writes.

    Args:
        target: the server, and the seconds that the end of the run waits for it.
        title: project and name of the run, for messages.
    """

    def __init__(
        self,
        root: Path,
        run_id: str,
        run_dir: Path,
        target: Target,
        queue: Queue,
        session: str,
        title: str = "",
    ) -> None:
        self.root = root
        self.run_id = run_id
        self._run_dir = run_dir
        self.url, self.timeout = target.url, target.timeout
        self._may_be_short = not target.is_chosen
        self._title = title or run_id
        self._queue = queue
        self._session = session
        self._reported = ""
        self._is_shown = False
        self._began = time.monotonic()
        self._thread = BackgroundThread("upload", self._watch)

    @classmethod
    def begin(
        cls, root: Path, run_id: str, run_dir: Path, target: Target, title: str = ""
    ) -> RunningUpload | None:
        """Start the upload of a run by a sender process; return at once.

        Returns:
            The upload; None if it could not be started, which is reported on stderr.
        """
        url = target.url
        try:
            queue = Queue.of(root, url)
            _leave_other_queue(root, run_id, queue)
            UploadState(root, run_id).begin(url, queue.folder.name)
            session = queue.add(run_id, run_dir, image())
            serve(queue)
        except (OSError, ValueError, RuntimeError) as error:
            say(
                f"run {run_id} is not uploaded to {url} ({error}). To upload it later: {command(root, run_id)}"
            )
            return None
        queue.wake(run_id)
        upload = cls(root, run_id, run_dir, target, queue, session, title)
        upload.start()
        return upload

    def start(self) -> None:
        """Watch the sender process from a thread; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        self._thread.stop()

    def is_done(self) -> bool:
        """Return whether the sender process is done with what was written before the end of the run."""
        is_complete = self._state().content.get("complete") == self._session
        return is_complete or self._queue.session(self.run_id) != self._session

    def revive(self) -> None:
        """Start the sender process again if it was killed."""
        with suppress(OSError, RuntimeError):
            serve(self._queue)

    def wake(self) -> None:
        self._queue.wake(self.run_id)

    def problem(self) -> str:
        """Return why something is not sent."""
        return str(self._state().content.get("problem") or "")

    def is_denied(self) -> bool:
        """Return whether the server requires another address, certificate or token."""
        return self._state().content.get("denied") is True

    def has_answered(self) -> bool:
        """Return whether the server has accepted something since the beginning of the run."""
        return self._state().content.get("answered") is True

    def longest_wait(self) -> float:
        """Return the maximum seconds to wait for it by default, at this moment."""
        if not self._may_be_short or _ends_with_container() or self.has_answered():
            return self.timeout
        if self.url in _unanswered:
            return 0.0
        more = START_SECONDS if self._queue.is_starting() else 0.0
        return min(self.timeout, UNANSWERED_SECONDS + more)

    def report_missing(self) -> None:
        """Report what is not on the server, with the command that sends it."""
        problem = self.problem()
        if self.is_done() and not problem:
            self._show_link()
            return
        again = "" if self.is_done() else "; it continues in the background if this machine allows it"
        reason = f" ({problem})" if problem else ""
        say(
            f"run {self.run_id} is not completely uploaded to {self.url}{reason}{again}. To upload the rest:"
            f" {command(self.root, self.run_id)}"
        )

    def unsent(self) -> int:
        """Return the unsent bytes of journal, log and media; an estimate to show while waiting."""
        uploaded = self._state().content.get("uploaded", {})
        total = 0
        with suppress(OSError):
            for top in SUBFOLDERS:
                for path in (self._run_dir / top).rglob("*"):
                    name = path.relative_to(self._run_dir).as_posix()
                    if name not in uploaded and path.is_file() and not layout.grows(name):
                        total += path.stat().st_size
        return total

    def _state(self) -> UploadState:
        return UploadState(self.root, self.run_id).load()

    def _watch(self, thread: BackgroundThread) -> None:
        while not thread.stopped.wait(EARLY_CHECK if time.monotonic() - self._began < EARLY else CHECK):
            is_done, has_answered, problem = self.is_done(), self.has_answered(), self.problem()
            if problem and (is_done or self.is_denied() or not has_answered):
                self._report_once(problem)
            elif is_done or has_answered:
                self._show_link()
            elif time.monotonic() - self._began > SILENCE and not self._queue.is_starting():
                self._report_once(UNKNOWN)
            if is_done:
                return
            self.revive()

    def _show_link(self) -> None:
        """Print the address of the run on the server, once it has answered."""
        if not self._is_shown:
            self._is_shown = True
            _unanswered.discard(self.url)
            say(f"run {self._title}: {self.url}/runs/{self.run_id}")

    def _report_once(self, problem: str) -> None:
        if self._reported in ("", UNKNOWN) and problem != self._reported:
            self._reported = problem
            say(
                f"run {self.run_id} is not uploaded to {self.url}: {problem.rstrip('.')}."
                f" Details: {self._queue.log}. To upload it later: {command(self.root, self.run_id)}"
            )


def wait(uploads: Iterable[RunningUpload], timeout: float | None = None) -> None:
    """Wait a bounded time for the uploads of ended runs, and report what is missing.

    Shows progress at a terminal, and otherwise prints one line.

    Args:
        timeout: maximum seconds to wait; by default those of the runs.
    """
    pending = list(uploads)
    for upload in pending:
        upload.stop()
        upload.revive()
        upload.wake()
    began, line = time.monotonic(), _Line()
    revived = began
    try:
        while waiting := [upload for upload in pending if not upload.is_done()]:
            waited = time.monotonic() - began
            limit = max(upload.longest_wait() for upload in waiting) if timeout is None else timeout
            if waited >= limit or (waited > DENIED_SECONDS and all(upload.is_denied() for upload in waiting)):
                _unanswered.update(upload.url for upload in waiting if not upload.has_answered())
                break
            if time.monotonic() - revived > 1.0:
                revived = time.monotonic()
                for upload in waiting:
                    upload.revive()
            if waited > QUIET:
                line.show(waiting, limit - waited)
            time.sleep(PAUSE)
    finally:
        line.close()
        for upload in pending:
            upload.report_missing()


class _Line:
    """Progress line: redrawn at a terminal, printed once elsewhere."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._at_terminal = bool(sys.stderr) and _is_terminal()

    def show(self, waiting: list[RunningUpload], seconds_left: float) -> None:
        """Show what is waited for, and the remaining time."""
        if self._shown and (not self._at_terminal or time.monotonic() - self._shown < 0.5):
            return
        self._shown = time.monotonic()
        first, more = waiting[0], len(waiting) - 1
        others = f" and {more} more" if more else ""
        if not self._at_terminal:
            say(
                f"uploading the rest of run {first.run_id}{others} to {first.url}, for up to {seconds_left:.0f} s;"
                f" if interrupted: {command(first.root, first.run_id)}"
            )
            return
        size = first.unsent()
        media = f", {size / 1e6:.1f} MB left" if size else ""
        with suppress(OSError, ValueError):
            sys.stderr.write(
                f"\r\x1b[Krunicorn: uploading the rest of run {first.run_id}{others}{media} ({seconds_left:.0f} s)"
            )
            sys.stderr.flush()

    def close(self) -> None:
        if self._shown and self._at_terminal:
            with suppress(OSError, ValueError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _leave_other_queue(root: Path, run_id: str, queue: Queue) -> None:
    """Stop the sender process that uploaded a resumed run before, with other credentials."""
    name = UploadState(root, run_id).load().content.get("queue")
    if isinstance(name, str) and name and name != queue.folder.name:
        Queue(root / SENDERS / name).discard(run_id)


def _ends_with_container() -> bool:
    """Return whether the sender process may end, and the files vanish, with the container of the training."""
    is_apart = _platform.pid_namespace() not in ("", FIRST_NAMESPACE)
    return is_apart or any(os.path.exists(path) for path in CONTAINER_FILES)


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False


def serve(queue: Queue) -> None:
    """Start the sender process of a queue unless it is running."""
    import subprocess

    if not queue.claim_start():
        return
    with open(os.open(queue.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(
            module_command("runicorn.upload.process", str(queue.folder)),
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
    """Return the environment of the sender process, in which it finds this package and uploads no runs of its own."""
    path = os.pathsep.join(filter(None, (str(PACKAGE), os.environ.get("PYTHONPATH"))))
    others = {name: value for name, value in os.environ.items() if name != "RUNICORN_URL"}
    return others | {"PYTHONPATH": path}
