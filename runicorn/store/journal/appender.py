"""Append complete lines to a file of a run that other processes may write too."""

from __future__ import annotations

import errno
import mmap
import os
import threading
import time
from collections import deque
from itertools import islice
from pathlib import Path

from runicorn import _platform
from runicorn.store import descriptor_reserve
from runicorn.store.bulk_io import sync_data

BUFFER_BYTES = 8 * 1024 * 1024
"""Size of the buffer of lines that could not be written."""
CHUNK_BYTES = 64 * 1024
RETRY_SECONDS = 0.25
"""Interval of retries on a full disk: on some file systems every failed write takes milliseconds."""
_REOPEN = (errno.EBADF, getattr(errno, "ESTALE", errno.EBADF))


class Appender:
    """Append lines to an append-only file. `write` never raises an `OSError`.

    Each line is written by one `write`. Lines that cannot be written wait in a bounded buffer and are written in order
    once there is space; a forked child does not inherit them.

    A process killed during a write leaves half a line. Therefore lines begin with a newline as soon as another process
    has written to the file: a forked child sets a flag in memory shared with its parent, a process that opened the file
    itself is noticed by `sync`.

    Args:
        path: the file; created by the first write.
        separate: begin lines with a newline once other processes write.

    Attributes:
        written: number of lines written by this process.
        refusal: why nothing may be written to the file; None if it may.
        lock: held during a write; hold it to number records in the order of the file.
    """

    def __init__(self, path: Path, *, separate: bool = True) -> None:
        self.path = path
        self.written = 0
        self.error: OSError | None = None
        self.refusal: OSError | None = None
        self.lock = threading.RLock()
        self._fd = -1
        self._is_ready = False  # open, and no line waits
        self._end = 0
        self._synced = -1
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._sent = 0  # bytes of the first waiting line that are in the file already
        self._dropped = 0
        self._retry_at = 0.0
        self._is_child = False
        self._separate = separate
        self._others: mmap.mmap | bytearray = _shared_flag() if separate else bytearray(1)
        _platform.watch_forks(self)

    @property
    def missing(self) -> int:
        """Number of lines that are not in the file: buffered and dropped ones."""
        return self._dropped + len(self._waiting)

    @property
    def has_other_writers(self) -> bool:
        """Whether another process is known to have written to the file."""
        return bool(self._others[0])

    def write(self, line: bytes) -> bool:
        """Append `line`, which ends in a newline. Return False if it is not in the file yet."""
        with self.lock:
            return self.put(line)

    def put(self, line: bytes) -> bool:
        """Like `write`, but the caller holds `lock`."""
        if not self._is_ready:
            return self._put_behind(line)
        if self._others[0]:
            line = b"\n" + line
        try:
            written_bytes = os.write(self._fd, line)
        except OSError as error:
            return self._defer(line, 0, error)
        if written_bytes != len(line):
            return self._defer(line, written_bytes, _no_room())
        self._end += written_bytes
        self.written += 1
        return True

    def flush(self, limit: int = BUFFER_BYTES) -> bool:
        """Write about `limit` bytes of the buffered lines. Return whether none is left."""
        with self.lock:
            try:
                for _ in range(0, limit, CHUNK_BYTES):
                    if not self._waiting:
                        break
                    self._write_waiting()
            except OSError as error:
                self._fail(error)
            self._is_ready = self._fd >= 0 and not self._waiting
            return not self._waiting

    def sync(self) -> bool:
        """Sync the file's content to disk. Safe to call in a thread while others write.

        Returns:
            Whether this was the first time, so that the folder has to be synced as well.
        """
        with self.lock:
            fd = self._fd
            if fd < 0:
                return False
            end = os.lseek(fd, 0, os.SEEK_END)
            if end != self._end:
                self._end = end
                if self._separate:
                    self._others[0] = 1
        if end == self._synced:
            return False
        # Without the lock, so that no `log()` waits. If `close` comes in between, it has synced the file itself.
        sync_data(fd)
        is_first, self._synced = self._synced < 0, end
        return is_first

    def close(self) -> None:
        """Close the descriptor; a later write opens the file again."""
        with self.lock:
            self._is_ready = False
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def after_fork(self) -> None:
        """Reset in a child: buffered lines are the parent's, and the thread that held the lock may be too."""
        self.lock = threading.RLock()
        self._waiting, self._waiting_bytes, self._sent, self._dropped = deque(), 0, 0, 0
        self.written = 0
        self._is_child, self._is_ready = True, False

    def _put_behind(self, line: bytes) -> bool:
        if self._is_child and self._separate:
            self._others[0] = 1
        self._keep(line)
        return time.monotonic() >= self._retry_at and self.flush(CHUNK_BYTES)

    def _defer(self, line: bytes, sent_bytes: int, error: OSError) -> bool:
        self._end += sent_bytes
        self._keep(line)
        self._sent = sent_bytes
        self._is_ready = False
        self._fail(error)
        return False

    def _keep(self, line: bytes) -> None:
        if self._waiting and self._waiting_bytes + len(line) > BUFFER_BYTES:
            self._dropped += 1
            return
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    def _fail(self, error: OSError) -> None:
        self.error = error
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if error.errno in _REOPEN:
            self._fd = -1

    def _write_waiting(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        if self._fd < 0:
            self._fd = descriptor_reserve.attempt(lambda: _platform.open_append(self.path))
        end = os.lseek(self._fd, 0, os.SEEK_END)
        begin = b""
        if not self._sent or end != self._end:  # else the rest of a line goes behind its beginning
            self._sent = 0
            torn = end > 0 and _platform.read_at(self._fd, 1, end - 1) != b"\n"
            begin = b"\n" if torn or self._others[0] else b""
        content = begin + self._next_chunk()
        written_bytes = os.write(self._fd, content)
        self._end = end + written_bytes
        self._remove(max(0, written_bytes - len(begin)))
        if written_bytes != len(content):
            raise _no_room()

    def _next_chunk(self) -> bytes:
        parts, size = [self._waiting[0][self._sent :]], len(self._waiting[0]) - self._sent
        for line in islice(self._waiting, 1, None):
            size += len(line)
            if size > CHUNK_BYTES:
                break
            parts.append(line)
        return b"".join(parts)

    def _remove(self, written_bytes: int) -> None:
        """Remove lines from the buffer after `written_bytes` bytes of them were written."""
        sent_bytes = self._sent + written_bytes
        while self._waiting and sent_bytes >= len(self._waiting[0]):
            line = self._waiting.popleft()
            sent_bytes -= len(line)
            self._waiting_bytes -= len(line)
            self.written += 1
        self._sent = sent_bytes


def _no_room() -> OSError:
    return OSError(errno.ENOSPC, "no space for the whole line")


def _shared_flag() -> mmap.mmap | bytearray:
    """Return a byte that forked children share with their parent."""
    try:
        return mmap.mmap(-1, 1)
    except (OSError, ValueError):  # no memory: children are noticed by `sync`, as other processes are
        return bytearray(1)
