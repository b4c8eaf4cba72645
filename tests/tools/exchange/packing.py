"""Archives made by hand, good and hostile ones, without a line of the code that reads them."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

Content = dict[str, bytes]
RUN = "p/n/runs/20260101_000000_aaaaaa"


def zipped(content: Content) -> bytes:
    """A zip file; names go in as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(_zip_info(name), data)
    return out.getvalue()


def _zip_info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    # Past the constructor, which tidies names.
    info.filename = info.orig_filename = name
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def tarred(content: Content, change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> bytes:
    """A tar file; `change` may turn each header into something else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            change(info)
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return out.getvalue()


def gzipped(content: Content, change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> bytes:
    """A tar.gz."""
    return gzip.compress(tarred(content, change), 1)


def zip_link(name: str, target: bytes, mode: int = stat.S_IFLNK) -> bytes:
    """A zip file with a member that is a link, or whatever `mode` says."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, (mode | 0o777) << 16
        archive.writestr(info, target)
    return out.getvalue()


def snapshot(folder: Path) -> dict[str, object]:
    """Everything below a folder: folders, links and the contents of files; not the locks of ours."""
    return {
        path.relative_to(folder).as_posix(): path.is_symlink() or path.is_dir() or path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix != ".lock" and path.name not in (".runicorn", ".lock")
    }


def good(run_id: str = "20260101_000000_aaaaaa") -> Content:
    """A small run."""
    folder = f"p/n/runs/{run_id}"
    return {
        f"{folder}/meta.json": b'{"id": "%s", "project": "p", "name": "n"}' % run_id.encode(),
        f"{folder}/status.json": b'{"status": "finished"}',
        f"{folder}/events.jsonl": b'{"ts": 1.0, "type": "metrics", "data": {"loss": 1.0}}\n' * 50,
    }
