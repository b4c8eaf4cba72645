"""Samples of a run, written in the background."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from runicorn import _platform
from runicorn.store import descriptor_reserve, layout, values
from runicorn.store.notices import say
from runicorn.store.run_folder import RunFolder
from runicorn.store.samples.rows import copied, rows_of
from runicorn.store.samples.writer import SampleWriter
from runicorn.store.units import number_of
from runicorn.tracking.records import whole_step

QUEUE_BYTES = 256 * 1024 * 1024
"""Size of the queue from which `log_samples` waits for the disk."""
SYNC_SECONDS = 3.0
RETRY_SECONDS = 1.0


class SampleBatch:
    """Samples on their way to the disk.

    Attributes:
        count: number of samples that were accepted.
    """

    def __init__(self, name: str, rows: list[Any], step: int | None, size: int) -> None:
        self.name, self.step, self.size = name, step, size
        self.count = len(rows)
        self.moment = time.time()
        self.rows = rows
        self._written = threading.Event()
        if not rows:
            self._written.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the samples survive the end of the process; return whether they do.

        Args:
            timeout: maximum seconds; by default until they are written.
        """
        return self._written.wait(timeout)

    @property
    def is_written(self) -> bool:
        """Whether the samples survive the end of the process."""
        return self._written.is_set()

    def finish(self) -> None:
        self.rows = []
        self._written.set()


class SampleLog:
    """The sample sets of one run, and the thread that writes them.

    The queue takes no lock: a signal handler may end the run while the main thread is in `log`.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._writers: dict[str, SampleWriter] = {}
        self.after_fork()
        _platform.watch_forks(self)

    def after_fork(self) -> None:
        """Leave the chunks and the queue to the parent, in a child."""
        for writer in self._writers.values():
            with suppress(OSError):
                writer.abandon()
        self._writers = {}
        self._queue: SimpleQueue[SampleBatch | None] = SimpleQueue()
        self._unwritten: deque[SampleBatch] = deque()
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._missing = 0
        self._is_failing = False

    def log(self, name: object, rows: Any, step: int | None) -> SampleBatch:
        """Queue samples; what cannot be stored is reported once."""
        folder = self._folder
        try:
            checked = descriptor_reserve.load("runicorn.store.samples.names").check_name(name)
            items, size = copied(rows_of(rows))
        except (layout.InvalidName, *values.REFUSALS) as error:
            reason = values.text_of(error) or type(error).__name__
            text = f"the samples {values.text_of(name)!r} were not stored: {reason.rstrip('.')}."
            folder.notices.once(f"samples {values.text_of(name)}", text)
            return SampleBatch("", [], None, 0)
        batch = SampleBatch(checked, items, None if step is None else whole_step(step, folder.notices), size)
        if items:
            self._put(batch)
        return batch

    def close(self, *, seal: bool) -> None:
        """Write what is queued and close the chunks; report what could not be written."""
        self._closing.set()
        self._queue.put(None)
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self._write_queued()
        for writer in self._writers.values():
            self._attempt(partial(writer.close, seal_last=seal))
        self._writers.clear()
        if self._missing:
            missing = number_of(self._missing, "sample")
            say(f"run {self._folder.path.name} is incomplete. Not written: {missing}.")
            self._missing = 0

    def _put(self, batch: SampleBatch) -> None:
        while sum(waiting.size for waiting in list(self._unwritten)) > QUEUE_BYTES:
            if self._is_failing:  # no space on the disk: the training goes on
                self._missing += batch.count
                return
            time.sleep(0.01)
        self._unwritten.append(batch)
        self._queue.put(batch)
        if self._thread is None and not self._closing.is_set() and self._starting.acquire(blocking=False):
            try:
                # Here, not in the thread: a signal handler may wait for its end while this one imports something.
                for name in ("runicorn.tracking.media", "runicorn.media.images"):
                    descriptor_reserve.load(name)
                thread = threading.Thread(target=self._work, name="runicorn-samples", daemon=True)
                thread.start()
                self._thread = thread
            except RuntimeError:  # the interpreter ends
                self._closing.set()
            finally:
                self._starting.release()
        if self._closing.is_set():  # the run has ended
            self.close(seal=True)

    def _work(self) -> None:
        synced_at = time.monotonic()
        while True:
            try:
                batch = self._queue.get(timeout=SYNC_SECONDS)
                if batch is None:
                    return
                self._write(batch)
            except Empty:
                pass
            if time.monotonic() - synced_at >= SYNC_SECONDS:
                synced_at = time.monotonic()
                for writer in list(self._writers.values()):
                    self._attempt(writer.sync)

    def _write_queued(self) -> None:
        with suppress(Empty):
            while True:
                batch = self._queue.get_nowait()
                if batch is not None:
                    self._write(batch)

    def _write(self, batch: SampleBatch) -> None:
        """Write a batch; retry until there is space, or the run ends."""
        count = 0
        while count < batch.count:
            writer = self._writers.get(batch.name)
            if writer is None:
                folder = self._folder
                writer = SampleWriter(
                    folder.path, batch.name, root=folder.root, reference=_References(folder, batch)
                )
                self._writers[batch.name] = writer
            before = writer.rows
            append = partial(writer.append, batch.rows[count:], batch.step, batch.moment)
            is_written = self._attempt(append)
            count += writer.rows - before
            self._is_failing = not is_written
            if not is_written and self._closing.wait(RETRY_SECONDS):
                self._missing += batch.count - count
                break
        else:
            batch.finish()
        self._unwritten.popleft()

    def _attempt(self, work: Any) -> bool:
        try:
            self._folder.check()
            descriptor_reserve.attempt(work)
        except OSError as error:
            self._folder.report_error(layout.SAMPLES, error)
            return False
        return True


class _References:
    """Stores images that are in samples below `media/`."""

    def __init__(self, folder: RunFolder, batch: SampleBatch) -> None:
        self._folder = folder
        self._name = batch.name

    def __call__(self, value: Any) -> dict[str, Any] | None:
        is_figure = callable(getattr(value, "savefig", None))
        if not is_figure and not (callable(getattr(value, "save", None)) and hasattr(value, "mode")):
            return None
        media = descriptor_reserve.load("runicorn.tracking.media")
        path = media.write_image(self._folder, self._name, value, None, None, "png", 90)
        return {"_type": "image", "path": path} if path else None
