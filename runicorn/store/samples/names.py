"""Names of sample sets, their folders and files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from runicorn.store import layout

NAME_LENGTH = 100
ANNOTATIONS = ".annotations"
"""Suffix of the name of a set whose records are values of the samples of another set, computed later."""
_CHUNK = re.compile(r"([0-9]{5,9})(\.jsonl|\.jsonl\.gz|\.index\.jsonl)")
# Reserved on Windows, and the escape itself.
_RESERVED = re.compile(r'[/\\<>:"|?*%]|^\.|[. ]$')


@dataclass(frozen=True)
class Chunk:
    """Files of one chunk of samples."""

    number: int
    folder: Path

    @property
    def plain(self) -> Path:
        return self.folder / f"{self.number:05d}.jsonl"

    @property
    def sealed(self) -> Path:
        return self.folder / f"{self.number:05d}.jsonl.gz"

    @property
    def index(self) -> Path:
        return self.folder / f"{self.number:05d}.index.jsonl"


def check_name(value: object) -> str:
    """Return the name of a sample set if it is valid.

    Raises:
        layout.InvalidName: it is not text of 1 to 100 characters without control characters.
    """
    if not isinstance(value, str):
        raise layout.InvalidName(f"The name of samples must be text, not {type(value).__name__}.")
    if not 1 <= len(value) <= NAME_LENGTH:
        raise layout.InvalidName(f"The name of samples must have 1 to {NAME_LENGTH} characters.")
    if layout.CONTROL.search(value) or len(folder_name(value).encode()) > layout.NAME_BYTES:
        raise layout.InvalidName(f"Invalid name of samples {value[:40]!r}: control characters, or too long.")
    return value


def folder_name(name: str) -> str:
    """Return the name of the folder of a sample set."""
    text = _RESERVED.sub(lambda match: quote(match[0], safe="").replace(".", "%2E"), name)
    return text if not layout.is_device(text) else f"%{ord(text[0]):02X}{text[1:]}"


def name_of(folder: str) -> str:
    """Return the name of the sample set in a folder."""
    return unquote(folder)


def samples_folder(run_dir: Path, name: str) -> Path:
    return run_dir / layout.SAMPLES / folder_name(name)


def sample_sets(run_dir: Path) -> list[str]:
    """Return the names of the sample sets of a run, sorted."""
    try:
        with os.scandir(run_dir / layout.SAMPLES) as entries:
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    # A folder of another spelling would be found twice by one name.
    return sorted(name for name in map(name_of, folders) if folder_name(name) in folders)


def chunks(folder: Path) -> list[Chunk]:
    """Return the chunks of a sample set in the order of their numbers."""
    return _chunks(folder, frozenset({".jsonl", ".jsonl.gz"}))


def all_chunks(folder: Path) -> list[Chunk]:
    """Return the chunks of a sample set, also those of which only an index is left."""
    return _chunks(folder, frozenset({".jsonl", ".jsonl.gz", ".index.jsonl"}))


def _chunks(folder: Path, suffixes: frozenset[str]) -> list[Chunk]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    numbers = {int(match[1]) for match in map(_CHUNK.fullmatch, names) if match and match[2] in suffixes}
    return [Chunk(number, folder) for number in sorted(numbers)]


def is_chunk_file(name: str) -> bool:
    """Return whether the last component of a path is a file of a chunk."""
    return _CHUNK.fullmatch(name) is not None
