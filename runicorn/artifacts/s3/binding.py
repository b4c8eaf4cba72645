"""Binding of a store to its bucket.

`<root>/artifacts/.pool.json` names the bucket that has contents of the store, and the bucket has an object `.store` with
the same id: garbage collection removes what no manifest of its store names, so no other store may use the bucket. Only
the environment decides where a process connects, because a storage root may come from anyone.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.artifacts.errors import BadPool
from runicorn.artifacts.s3.bucket import Bucket
from runicorn.store import layout
from runicorn.store.containment import check_inside

FILE = ".pool.json"
OWNER = ".store"
POOL = "RUNICORN_ARTIFACT_POOL"


def bound_to(artifacts: Path) -> str | None:
    """Return the URL of the bucket that has contents of the store in this folder; None if no bucket has."""
    url = _record(artifacts).get("url")
    return url if isinstance(url, str) else None


def bucket_of(artifacts: Path) -> Bucket | None:
    """Return the bucket of the store in this folder; None if it has none, or the environment names another.

    Raises:
        BadPool: the URL in the environment is malformed.
    """
    bucket = named_bucket()
    return bucket if bucket is not None and bucket.url == bound_to(artifacts) else None


def named_bucket() -> Bucket | None:
    """Return the bucket that the environment names; None if it names none."""
    url = os.environ.get(POOL)
    return _bucket(url) if url else None


def bind(root: Path, artifacts: Path, url: str, *, dry_run: bool = False) -> Bucket:
    """Bind the store in a folder of a storage root to a bucket; called when a server starts.

    Args:
        dry_run: only check that it can be bound.

    Raises:
        BadPool: the URL is malformed, another store has the bucket, or the store has another bucket.
        PoolUnavailable: the bucket cannot be used; nothing was changed.
    """
    bucket = _bucket(url)
    owner = bucket.read_small(OWNER)
    with ExitStack() as locked:
        if not dry_run:
            check_inside(root, artifacts).mkdir(parents=True, exist_ok=True)
            locked.enter_context(_lock(artifacts))
        record = _record(artifacts)
        if record and record.get("url") != bucket.url:
            raise BadPool(
                "Contents of {root} are in {earlier}, not in {url}: copy them, then change {file}.",
                root=root,
                earlier=record.get("url"),
                url=bucket.url,
                file=artifacts / FILE,
            )
        own = record or {"url": bucket.url, "id": os.urandom(16).hex()}
        ours = str(own.get("id")).encode()
        if owner is None and dry_run:
            return bucket
        if owner is None:
            bucket.create_small(OWNER, ours)
            owner = bucket.read_small(OWNER)
        if owner != ours:
            raise BadPool("{url} belongs to another store; choose another prefix.", url=bucket.url)
        if not (record or dry_run):
            layout.write_json(artifacts / FILE, own)
    return bucket


def unbind(artifacts: Path, bucket: Bucket) -> None:
    """Unbind a store from its bucket, which has no contents of it. The caller excludes programs that store contents."""
    with _lock(artifacts):  # a viewer that starts may be about to create the owner again
        bucket.delete_small(OWNER)
        (artifacts / FILE).unlink(missing_ok=True)


def _lock(artifacts: Path) -> AbstractContextManager[None]:
    return _platform.file_lock(artifacts / f"{FILE}.lock", mode=0o666)


def _record(artifacts: Path) -> dict[str, Any]:
    return layout.read_json(artifacts / FILE)[0]


@lru_cache(maxsize=8)
def _bucket(url: str) -> Bucket:
    return Bucket(url)
