"""Lists of objects in small files of the configuration directory: `{"tokens": [{…}, …]}`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from runicorn.settings.user import PRIVATE_FILE, config_directory
from runicorn.store import layout
from runicorn.store.folder_lock import folder_lock

Entry = TypeVar("Entry")
logger = logging.getLogger(__name__)


class UnreadableList(Exception):
    """The file is damaged or cannot be read; the text says what to do."""


class EntryList(Generic[Entry]):
    """Entries of one kind, the oldest first.

    Args:
        file: name of the file.
        key: of the list in the file.
        kind: a data class whose fields are texts, numbers, booleans and words; it may refuse values by `ValueError`.
    """

    def __init__(self, file: str, key: str, kind: type[Entry]) -> None:
        self.file, self.key, self.kind = file, key, kind
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Entry] = {}

    @property
    def path(self) -> Path:
        return config_directory() / self.file

    def read(self) -> list[Entry]:
        content, problem = layout.read_json(self.path)
        if problem and self.path.exists():
            raise UnreadableList(f"{self.path}: {problem}")
        try:
            return [self._entry(entry) for entry in content.get(self.key, [])]
        except (TypeError, ValueError, AttributeError) as error:
            raise UnreadableList(f"{self.path} has an invalid entry: {error}") from error

    @contextmanager
    def changing(self) -> Iterator[list[Entry]]:
        """Yield the entries under a lock, and write them if they were changed."""
        with folder_lock(config_directory()):
            before = self.read()
            entries = list(before)
            yield entries
            if entries != before:
                content = {self.key: [asdict(entry) for entry in entries]}  # type: ignore[call-overload]
                layout.write_json(self.path, content, mode=PRIVATE_FILE)

    def remove(self, is_removed: Callable[[Entry], bool]) -> bool:
        """Remove entries; return whether there was one. Raises the errors of `changing`."""
        with self.changing() as entries:
            count = len(entries)
            entries[:] = [entry for entry in entries if not is_removed(entry)]
            return len(entries) < count

    def by_identity(self, identity: Callable[[Entry], str]) -> dict[str, Entry]:
        """Return the entries by identity, read again only if the file has changed; none if it cannot be read."""
        with self._lock:
            try:
                about = self.path.stat()
            except OSError:
                self._seen, self._known = None, {}
                return self._known
            seen = (about.st_mtime_ns, about.st_size, about.st_ino)
            if seen != self._seen:
                self._seen, self._known = seen, {}
                try:
                    self._known = {identity(entry): entry for entry in self.read()}
                except UnreadableList as error:
                    logger.error("No entry of %s is accepted: %s", self.file, error)
            return self._known

    def _entry(self, entry: dict[str, Any]) -> Entry:
        hints = get_type_hints(self.kind)
        values = {name: _parsed(value, hints.get(name, str)) for name, value in entry.items()}
        return self.kind(**values)


def _parsed(value: Any, hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    if not _fits(value, hint):
        raise ValueError(f"{value!r} is not of the expected type")
    return value


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if options := get_args(hint):
        return any(_fits(value, option) for option in options)
    if hint in (int, float):
        return type(value) is int or type(value) is hint
    return isinstance(value, hint)
