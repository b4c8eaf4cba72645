"""Answers that this process remembers, each with the version of the database after which it was built."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import sha256

from runicorn_site.transport.compression import LEVEL, SMALL, gzip
from runicorn_site.web.conditional import IsCurrent

MOST_BYTES = 4 * 1024 * 1024
LARGEST = 256 * 1024
"""Bytes of a body that is kept; of larger ones only the tag."""
MOST = 1000
DURATION_KEY = b'"query_time_ms":'
DURATION = re.compile(DURATION_KEY + rb"[0-9.e+-]+")
"""The only part of an answer that differs when it is built again from the same rows."""
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """A complete answer 200."""

    version: str
    tag: str
    headers: Headers
    body: bytes | None
    """None if it is too large to be kept."""
    expires: float
    checks: list[IsCurrent] = field(default_factory=list)
    _packed: bytes | None = None

    def is_current(self, version: str) -> bool:
        """Return whether it would be built again as it is. May read the state of files."""
        in_time = self.version == version and time.monotonic() < self.expires
        return in_time and all(check() for check in self.checks)

    @property
    def packed(self) -> bytes | None:
        """The body as gzip; None if that is not worth it."""
        if self._packed is None and self.body is not None and len(self.body) >= SMALL:
            self._packed = gzip(self.body, LEVEL)
        return self._packed

    @property
    def size(self) -> int:
        return 500 + (len(self.body) * 5 // 4 if self.body is not None else 0)


def tag_of(body: bytes, headers: Headers) -> str:
    """Return the tag of an answer by its content. It is weak: the duration of the query and gzip do not change it."""
    # A quarter of the time of BLAKE2 where the CPU has instructions for it.
    digest = sha256(_without_duration(body))
    for name, value in headers:
        digest.update(f"\n{name}:{value}".encode())
    return f'W/"{digest.hexdigest()[:24]}"'


def _without_duration(body: bytes) -> bytes:
    # A search from the end: that of the pattern from the start takes longer than the digest.
    at = body.rfind(DURATION_KEY)
    if at < 0:
        return body
    return body[:at] + DURATION.sub(b"", body[at:], count=1)


def is_named(tag: str, header: str | None) -> bool:
    """Return whether an `If-None-Match` names a tag, by the weak comparison (RFC 9110, 13.1.2)."""
    if not header:
        return False
    names = [name.strip() for name in header.split(",")]
    bare = tag.removeprefix("W/")
    return any(name == "*" or name.removeprefix("W/") == bare for name in names)


class Answers:
    """Answers by what they depend on besides rows and files, the last used ones up to a number of bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._bytes = 0

    def find(self, key: Hashable, version: str) -> Answer | None:
        """Return the answer if it would be built again as it is."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is None or answer.version != version:
                return None
            self._answers.move_to_end(key)
        return answer if answer.is_current(version) else None

    def remember(self, key: Hashable, answer: Answer) -> None:
        with self._lock:
            self._forget(key)
            self._answers[key] = answer
            self._bytes += answer.size
            while self._bytes > MOST_BYTES or len(self._answers) > MOST:
                self._forget(next(iter(self._answers)))

    def _forget(self, key: Hashable) -> None:
        if (earlier := self._answers.pop(key, None)) is not None:
            self._bytes -= earlier.size


answers = Answers()
