"""The archive of a backup: a gzipped tar of mode 0600. No Django.

backup.json       {"format": 2, "runicorn", "created_at", "database", "migrations": [[app, name]], "rows": number,
                   "files": {name: SHA-256}, "digest": SHA-256 of this object without it}
server.sqlite3    the durable database, without sessions; format 1 has `rows.jsonl` instead (`legacy_rows.py`)
config/…  data/…  files of the configuration directory, and secrets of the data directory
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn._version import __version__
from runicorn.settings.user import PRIVATE_FILE, PRIVATE_FOLDER, config_directory, running_viewers
from runicorn_site.database.state_dir import state_directory

FORMAT = 2
MANIFEST = "backup.json"
CONTENTS = {1: "rows.jsonl", 2: "server.sqlite3"}
"""Member with the rows, by format."""
OF_DATA = ("secret.key", "browser-sessions", "token-*")
"""Files of the data directory; the others are derived or belong to a process."""
LARGEST_MEMBER = 4 * 1024**3
BLOCK = 1024 * 1024


class BadBackup(Exception):
    """The file is not a backup, is damaged, or was made by a newer version."""


@dataclass(frozen=True)
class Backup:
    manifest: Mapping[str, Any]
    content: bytes
    """The durable database, or the rows of format 1."""
    files: Mapping[str, bytes]
    """By names such as `config/tokens.json`."""


def folders() -> dict[str, Path]:
    """Return the configuration directory and the data directory by their names in a backup."""
    return {"config": config_directory(), "data": state_directory()}


def present_files() -> dict[str, Path]:
    """Return the files to back up, by their names in the archive."""
    files = {}
    for kind, folder in folders().items():
        paths = folder.rglob("*") if kind == "config" else _matching(folder)
        for path in paths:
            if path.is_file() and path.suffix not in (".lock", ".tmp"):
                files[f"{kind}/{path.relative_to(folder).as_posix()}"] = path
    return dict(sorted(files.items()))


def _matching(folder: Path) -> Iterator[Path]:
    for name in OF_DATA:
        yield from folder.glob(name)


def write(target: Path, content: bytes, number: int, about: Mapping[str, Any]) -> None:
    """Write a backup atomically; an existing file is not replaced."""
    if target.exists():
        raise FileExistsError(f"{target} exists already: choose another name")
    files = {name: path.read_bytes() for name, path in present_files().items()}
    manifest = {
        "format": FORMAT,
        "runicorn": __version__,
        "created_at": time.time(),
        **about,
        "rows": number,
        "files": {name: _digest(data) for name, data in {**files, CONTENTS[FORMAT]: content}.items()},
    }
    manifest["digest"] = _manifest_digest(manifest)
    members = {MANIFEST: json.dumps(manifest, indent=1).encode(), CONTENTS[FORMAT]: content, **files}
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for name, data in members.items():
                    member = tarfile.TarInfo(name)
                    member.size, member.mode, member.mtime = len(data), PRIVATE_FILE, int(time.time())
                    archive.addfile(member, io.BytesIO(data))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, target)  # fails if it exists
    finally:
        draft.unlink(missing_ok=True)


def read(source: Path) -> Backup:
    """Read and verify a backup.

    Raises:
        BadBackup: it is not a backup, is damaged, or was made by a newer version.
    """
    try:
        with gzip.open(source) as stream:
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                members = {member.name: _content(archive, member) for member in archive}
            while stream.read(BLOCK):  # up to the checksum at its end
                pass
        manifest = json.loads(members.pop(MANIFEST))
        number, digests = manifest["format"], manifest["files"]
    except EOFError as error:
        raise BadBackup(f"{source} is incomplete: the end of the archive is missing.") from error
    except (gzip.BadGzipFile, zlib.error, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise BadBackup(f"{source} is not a backup of Runicorn, or is damaged.") from error
    if number not in CONTENTS:
        raise BadBackup(f"{source} has format {number}, and this version reads formats up to {FORMAT}")
    is_altered = "digest" in manifest and manifest["digest"] != _manifest_digest(manifest)
    if is_altered or digests != {name: _digest(content) for name, content in members.items()}:
        raise BadBackup(f"{source} is damaged: its content does not match its digests")
    for name in members.keys() - {CONTENTS[number]}:
        kind, _, rest = name.partition("/")
        if kind not in ("config", "data") or not rest or ".." in Path(rest).parts or Path(rest).is_absolute():
            raise BadBackup(f"{source} contains an unexpected file: {name}")
    return Backup(manifest, members.pop(CONTENTS[number]), members)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isreg() and member.size <= LARGEST_MEMBER else None
    if file is None:
        raise ValueError(f"{member.name} is not a file")
    return file.read()


def conflicts(backup: Backup) -> list[str]:
    """Return the names of existing files that differ from the backup or are not in it."""
    present = present_files()
    return [name for name, path in present.items() if backup.files.get(name) != path.read_bytes()]


def restore_key(backup: Backup) -> None:
    """Write the secret key if it is missing; the settings would create a different one."""
    name = "data/secret.key"
    if name in backup.files and not _path(name).exists():
        _platform.replace_file(_path(name), backup.files[name], mode=PRIVATE_FILE)


def restore(backup: Backup) -> None:
    """Write the files of a backup, and remove those that it does not have.

    Raises:
        OSError: a file cannot be written; those before it are.
    """
    for name in present_files().keys() - backup.files.keys():
        _path(name).unlink()
    for name, content in backup.files.items():
        path = _path(name)
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _platform.replace_file(path, content, mode=PRIVATE_FILE)


def _path(name: str) -> Path:
    kind, _, rest = name.partition("/")
    return folders()[kind] / rest


def _manifest_digest(manifest: Mapping[str, Any]) -> str:
    covered = {key: value for key, value in manifest.items() if key != "digest"}
    return _digest(json.dumps(covered, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_in_use() -> bool:
    """Return whether a server of this user on this machine uses the data directory."""
    if running_viewers():
        return True
    for path in state_directory().glob("*.lock"):
        try:
            with _platform.file_lock(path, blocking=False):
                continue
        except BlockingIOError:
            return True
    return False
