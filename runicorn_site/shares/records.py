"""Shared links: `shares.json` in the configuration directory.

    {"shares": [{"id": "k3J…", "kind": "run", "target": "20260114_153045_a1b2c3", "root": "/data/runs", "created_at": …,
                 "expires_at": …}]}

A link contains the id and its signature, so that the file alone gives no access.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from django.core import signing

from runicorn.api.responses.shares import Kind
from runicorn.settings.user import PRIVATE_FILE, config_directory
from runicorn.store import layout
from runicorn.store.folder_lock import folder_lock

FILE = "shares.json"
KINDS: tuple[Kind, ...] = ("run", "compare", "board")
ID_BYTES = 12
logger = logging.getLogger(__name__)


class UnreadableShares(Exception):
    """`shares.json` is damaged or cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Share:
    """A link to something of one storage root. Times are Unix seconds.

    Attributes:
        target: the id of a run, ids separated by commas, or `project/board`.
        root: path of the storage root.
        expires_at: None for a link that does not expire.
    """

    id: str
    kind: Kind
    target: str
    root: str
    created_at: float
    expires_at: float | None = None

    def is_expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The ids of the runs, none for a board."""
        return () if self.kind == "board" else tuple(self.target.split(","))

    @property
    def board(self) -> tuple[str, str]:
        """The project and the name of a board."""
        project, _, name = self.target.partition("/")
        return project, name


def _signer() -> signing.Signer:
    return signing.Signer(salt="runicorn.shares", sep=".")


def link_token(share: Share) -> str:
    """Return the token of a share, which is part of its link."""
    return _signer().sign(share.id)


class Shares:
    """The shares in the file; changes take effect with the next request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Share] = {}

    def find(self, token: str) -> Share | None:
        """Return the share of a link, or None if it is unknown, revoked or expired."""
        try:
            share_id = _signer().unsign(token)
        except signing.BadSignature:
            return None
        with self._lock:
            self._refresh()
        found = self._known.get(share_id)
        return None if found is None or found.is_expired(time.time()) else found

    def _refresh(self) -> None:
        try:
            found = (config_directory() / FILE).stat()
        except OSError:
            self._seen, self._known = None, {}
            return
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._known = {share.id: share for share in read()}
        except UnreadableShares as error:
            self._known = {}
            logger.error("No shared link is accepted: %s", error)


def read() -> list[Share]:
    """Return the shares, the oldest first.

    Raises:
        UnreadableShares: the file is damaged or cannot be read.
    """
    file = config_directory() / FILE
    content, problem = layout.read_json(file)
    if problem:
        raise UnreadableShares(f"{file}: {problem}")
    try:
        return [_share(entry) for entry in content.get("shares", [])]
    except (TypeError, ValueError, AttributeError) as error:
        raise UnreadableShares(f"{file} has an invalid entry: {error}") from error


def add(kind: Kind, target: str, root: str, expires_at: float | None) -> Share:
    """Add a share; expired ones are removed.

    Raises:
        UnreadableShares: the file is damaged or cannot be read.
        OSError: it cannot be written.
    """
    now = time.time()
    share = Share(secrets.token_urlsafe(ID_BYTES), kind, target, root, now, expires_at)
    with folder_lock(config_directory()):
        _write([*(one for one in read() if not one.is_expired(now)), share])
    return share


def revoke(share_id: str) -> bool:
    """Remove a share; return whether there was one.

    Raises:
        UnreadableShares: the file is damaged or cannot be read.
        OSError: it cannot be written.
    """
    with folder_lock(config_directory()):
        before = read()
        after = [share for share in before if share.id != share_id]
        if len(after) < len(before):
            _write(after)
    return len(after) < len(before)


def _share(entry: dict[str, object]) -> Share:
    share = Share(**entry)  # type: ignore[arg-type]  # checked below
    if share.kind not in KINDS or not all(
        isinstance(text, str) for text in (share.id, share.target, share.root)
    ):
        raise ValueError(f"{share.id!r} has an invalid field")
    if not isinstance(share.expires_at, int | float | None):
        raise ValueError(f"the expiry of {share.id!r} is not a time")
    return share


def _write(shares: list[Share]) -> None:
    path: Path = config_directory() / FILE
    layout.write_json(path, {"shares": [asdict(share) for share in shares]}, mode=PRIVATE_FILE)
