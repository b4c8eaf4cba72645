"""Upload of one run from beginning to end, in a thread of the sender process."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from runicorn.companion.verdict import Watched
from runicorn.upload import log
from runicorn.upload.client import TIMEOUT, Conflict, Denied, Server, ServerUnavailable
from runicorn.upload.queue import Queue, QueuedRun
from runicorn.upload.run_files import RunDeleted, RunUpload
from runicorn.upload.state import UploadState

POLL = 0.5
"""Seconds between two passes over the files of a running run."""
COMPANION_SECONDS = 2.0
"""Time that the companion of a training has for its verdict before the sender judges."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LONGER = 1.5
PATIENCE = 3 * 86_400.0
"""Seconds for which an unreachable server is retried after the end of a run; then `runicorn sync` is needed."""
DENIED_PATIENCE = 60.0
"""The same if the address, the certificate or the token is wrong: only a file that they name can still be corrected."""
LINGER = 5.0
"""Seconds after SIGTERM that a run has to end, since its training may have been stopped at the same moment."""


class Superseded(Exception):
    """The run was resumed, or another queue has it: its new entry is uploaded instead."""


class Worker(threading.Thread):
    """Upload one run of a queue."""

    def __init__(self, queue: Queue, entry: QueuedRun) -> None:
        super().__init__(name=entry.run_id, daemon=True)
        self.entry = entry
        self._queue = queue
        self._run_dir = queue.root / entry.folder
        self._state = UploadState(queue.root, entry.run_id)
        self._watched = Watched(self._run_dir, entry.image, COMPANION_SECONDS)
        self._woken = threading.Event()
        self._exclusion = ExitStack()
        self._flush_at: float | None = None
        self.is_superseded = False
        self._ended = False
        self.fd = self._watched.fd

    def run(self) -> None:
        """Upload the run, then remove it from the queue."""
        with self._exclusion:
            self._exclusion.enter_context(self._state.lock_after_requests())
            upload = Upload(
                self._run_dir,
                self._state.load(),
                has_ended=self._has_ended,
                is_stopped=self._should_stop,
                sleep=self._sleep,
                session=self.entry.session,
            )
            with closing(upload):
                try:
                    problem = upload.send(PATIENCE)
                except Superseded:
                    problem = "continued with another entry of the queue"
        self._ended = True
        log.write(f"{self.entry.run_id}: {problem or 'all sent'}")
        if upload.is_over and not self.is_superseded:
            self._queue.remove(self.entry)

    def close(self) -> None:
        """Stop watching the process of the run."""
        self._watched.close()

    def wake(self) -> None:
        self._woken.set()

    def process_ended(self) -> None:
        """Called when the process that writes the run has ended."""
        self.fd = -1
        self._watched.process_ended()
        self._woken.set()

    def flush(self) -> None:
        """Send remaining data, then end."""
        if self._flush_at is None:
            self._flush_at = time.monotonic()
            self._woken.set()

    def supersede(self) -> None:
        """Stop, because the run was resumed and has a new entry."""
        self.is_superseded = True
        self._woken.set()

    def is_training(self) -> bool:
        """Return whether the run is believed to continue."""
        return self.is_alive() and not self._ended

    def server(self, timeout: float) -> Server:
        """Return a separate client for the server of the run.

        Raises:
            ValueError: the URL or the token is malformed.
        """
        return server_of(UploadState(self._queue.root, self.entry.run_id).load(), timeout)

    def _has_ended(self) -> bool:
        self._ended = self._watched.has_ended()
        return self._ended

    def _should_stop(self) -> bool:
        if self.is_superseded:
            return True
        if self._flush_at is None:
            return False
        return self._ended is False and time.monotonic() > self._flush_at + LINGER

    def _sleep(self, seconds: float) -> None:
        if self.is_superseded:
            raise Superseded
        # Released meanwhile, so that `runicorn sync` need not wait for a server that this process cannot reach.
        self._exclusion.close()
        self._woken.wait(min(seconds, POLL) if self._flush_at is not None else seconds)
        self._woken.clear()
        self._exclusion.enter_context(self._state.lock_after_requests())


class Upload:
    """Send a run repeatedly until all of it is on the server. The caller holds the lock of its state, except in `sleep`.

    Args:
        has_ended: returns whether nothing more is written to it.
        is_stopped: returns whether to end earlier, after one more pass.
        sleep: waits up to a number of seconds; another process may upload the run meanwhile.
        clock: returns seconds that never go back.
        session: of the run in its queue, noted once all is sent that was written before the end.
    """

    def __init__(
        self,
        run_dir: Path,
        state: UploadState,
        *,
        has_ended: Callable[[], bool],
        is_stopped: Callable[[], bool],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        session: str = "",
    ) -> None:
        self.run_dir = run_dir
        self.state = state
        self.is_own_store = False
        self.is_over = False
        """Whether nothing is left to do: all was sent, or the rest never will be."""
        self._has_ended = has_ended
        self._is_stopped = is_stopped
        self._sleep = sleep
        self._clock = clock
        self._session = session
        self._files: RunUpload | None = None

    def close(self) -> None:
        if self._files is not None:
            self._files.close()

    def differences(self) -> list[str]:
        """Return the files whose digest differs on the server; none if the server serves this store.

        Raises:
            ServerUnavailable: the server could not be reached.
        """
        return [] if self._files is None or self.is_own_store else self._files.differences()

    def send(self, patience: float, *, insistent: bool = True) -> str:
        """Send until the run has ended and everything is on the server.

        Args:
            patience: seconds for which an unreachable server is retried, once the run has ended.
            insistent: also retry a server that requires another token.

        Returns:
            Why something was not sent; "" if all of it is on the server.
        """
        try:
            server = server_of(self.state)
        except ValueError as error:
            self.is_over = True
            return self._note(str(error))
        files = self._files = self._files_of(server)
        pause, taken_before = 0.0, 0
        ended_at: float | None = None
        while True:
            # Checked before the files are read, so that everything written before the end is sent.
            try:
                ended = self._has_ended()
                stopped = self._is_stopped()
                moved = files.one_pass()
            except ServerUnavailable as error:
                is_denied = isinstance(error, Denied)
                self._note(str(error), denied=is_denied)
                if ended_at is None and (ended or stopped):
                    ended_at = self._clock()
                limit = (min(patience, DENIED_PATIENCE) if insistent else 0.0) if is_denied else patience
                if ended_at is not None and self._clock() - ended_at >= limit:
                    self.is_over = True
                    return str(error)
                # A server that accepts something between two disconnections is reachable.
                pause = next_pause(pause if server.taken == taken_before else 0.0, error.pause)
                taken_before = server.taken
                sleep = pause
            except (Conflict, RunDeleted, OSError) as error:
                return self._give_up(error)
            else:
                pause = 0.0
                self.state.note_answer()
                problem = self._note("; ".join(files.all_problems()))
                if ended:
                    self.state.note_complete(self._session)
                if (ended or stopped) and not moved:
                    self.is_over = ended
                    self.state.content["done"] = ended and not problem
                    return self._note(problem)
                sleep = 0.0 if moved else POLL
            if sleep and self._is_sent_meanwhile(sleep, server):
                return ""
            files = self._files

    def _files_of(self, server: Server) -> RunUpload:
        return RunUpload(self.run_dir, self.state.root, self.state, server)

    def _is_sent_meanwhile(self, seconds: float, server: Server) -> bool:
        """Wait; reload the state if another process uploads the run meanwhile, and return whether it sent everything."""
        self._sleep(seconds)
        if not self.state.is_stale():
            return False
        url = self.state.content.get("url")
        if self.state.load().content.get("done") and self._has_ended():
            self.state.note_complete(self._session)
            self.is_over = True
            return True
        if self.state.content.get("url") != url:
            self.state.begin(str(url))
        self._files = self._files_of(server)
        return False

    def _give_up(self, error: Exception) -> str:
        """Record why nothing more is sent; return the message, or "" if none is needed."""
        self.is_over = not isinstance(error, OSError)
        if isinstance(error, Conflict) and error.same_store:
            self.state.content["done"] = self.is_own_store = True
            return self._note("")
        if isinstance(error, RunDeleted):
            self.state.content["gone"] = True
            return self._note(f"{error}: it was removed on the server and is not uploaded again")
        if isinstance(error, OSError):
            return self._note(f"{error.filename}: {error.strerror or error}")
        return self._note(str(error))

    def _note(self, problem: str, *, denied: bool = False) -> str:
        if problem and problem != self.state.content.get("problem"):
            log.write(f"{self.run_dir.name}: {problem}")
        return self.state.note(problem, denied=denied)


def server_of(state: UploadState, timeout: float = TIMEOUT) -> Server:
    """Return a client for the server of a run.

    Raises:
        ValueError: the URL or the token is malformed.
    """
    url, sender = str(state.content.get("url")), str(state.content.get("sender") or "")
    return Server(url, state.run_id, sender, timeout)


def next_pause(last: float, requested: float | None) -> float:
    """Return the seconds until the next retry: growing, with jitter.

    Each pause is about a fourth longer than the last, so a server that comes back is noticed after about a fifth of the
    time for which it was away.
    """
    if requested is not None:
        return min(max(requested, 0.1), LONGEST_PAUSE)
    spread = random.uniform(0.7, 1.0)
    return max(FIRST_PAUSE * spread, min(last * random.uniform(1.0, LONGER), LONGEST_PAUSE * spread))
