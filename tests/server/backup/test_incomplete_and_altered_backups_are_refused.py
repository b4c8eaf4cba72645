"""A backup that was cut off or changed anywhere is refused with one sentence."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runicorn_site.backup import files

CONTENT = Random(2).randbytes(20_000)


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "config"
    config.mkdir()
    (config / "tokens.json").write_bytes(Random(1).randbytes(5000))
    monkeypatch.setattr(files, "folders", lambda: {"config": config, "data": tmp_path / "data"})
    target = tmp_path / "backup.tar.gz"
    about = {"database": "sqlite", "has_users": False, "migrations": [("runs", "0001_initial")]}
    files.write(target, CONTENT, 500, about)
    assert files.read(target).content == CONTENT
    return target


def _is_refused(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        files.read(path)
    except files.BadBackup as error:
        return str(path) in str(error) and "\n" not in str(error)
    return False


def test_a_backup_that_was_cut_off_anywhere_is_refused(backup: Path) -> None:
    content = backup.read_bytes()
    sizes = [*range(40), *range(40, len(content) - 40, 97), *range(len(content) - 40, len(content))]
    assert [size for size in sizes if not _is_refused(backup, content[:size])] == []
    backup.write_bytes(content[: len(content) // 2])
    with pytest.raises(files.BadBackup, match=r"is incomplete: the end of the archive is missing\.$"):
        files.read(backup)


def test_a_flipped_bit_anywhere_behind_the_header_is_refused(backup: Path) -> None:
    content, chance = backup.read_bytes(), Random(5)
    for _ in range(150):
        changed = bytearray(content)
        changed[chance.randrange(30, len(content))] ^= 1 << chance.randrange(8)
        assert _is_refused(backup, bytes(changed))


def _repacked(path: Path, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return the archive with another manifest, as a program that knows nothing of its digest would write it."""
    out = io.BytesIO()
    with tarfile.open(path) as source, tarfile.open(fileobj=out, mode="w") as target:
        for member in source:
            file = source.extractfile(member)
            assert file is not None
            content = file.read()
            if member.name == files.MANIFEST:
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue())


def test_a_changed_manifest_is_refused(backup: Path) -> None:
    whole = _repacked(backup, lambda manifest: None)
    for changed in ({"rows": 7}, {"migrations": []}, {"has_users": True}, {"files": {}}):
        assert _is_refused(backup, _repacked(_written(backup, whole), lambda it, new=changed: it.update(new)))


def test_a_backup_of_an_earlier_version_has_no_digest_of_its_manifest(backup: Path) -> None:
    backup.write_bytes(_repacked(backup, lambda manifest: manifest.pop("digest")))
    assert files.read(backup).content == CONTENT


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
