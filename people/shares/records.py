"""Shared links: `shares.json` in the configuration directory.

    {"shares": [{"id": "k3J…", "kind": "run", "target": "20260114_153045_a1b2c3", "root": "/data/runs", "created_at": …,
                 "expires_at": …}]}

A link contains the id and its signature, so that the file alone gives no access.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from django.core import signing

from runicorn.api.responses.shares import Kind
from runicorn_tools.entry_list import EntryList

FILE = "shares.json"
KINDS: tuple[Kind, ...] = ("run", "compare", "board", "report")
ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Share:
    """A link to something of one storage root. Times are Unix seconds.

    Attributes:
        target: the id of a run (also of a report), ids separated by commas, or `project/board`.
        root: path of the storage root.
        expires_at: None for a link that does not expire.
        author: name of the user who created it, "" on a viewer without users.
        account: key of the author's account; the link shows what it may read, and ends with its right to share.
    """

    id: str
    kind: Kind
    target: str
    root: str
    created_at: float
    expires_at: float | None = None
    author: str = ""
    account: int | None = None

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


LIST = EntryList(FILE, "shares", Share)


class Shares:
    """The shares in the file; changes take effect with the next request."""

    def find(self, token: str) -> Share | None:
        """Return the share of a link, or None if it is unknown, revoked or expired."""
        try:
            share_id = _signer().unsign(token)
        except signing.BadSignature:
            return None
        share = LIST.by_identity(lambda share: share.id).get(share_id)
        return None if share is None or share.is_expired(time.time()) else share


def add(
    kind: Kind, target: str, root: str, expires_at: float | None, author: str, account: int | None
) -> Share:
    """Add a share; expired ones are removed."""
    now = time.time()
    share = Share(secrets.token_urlsafe(ID_BYTES), kind, target, root, now, expires_at, author, account)
    with LIST.changing() as shares:
        shares[:] = [*(share for share in shares if not share.is_expired(now)), share]
    return share
