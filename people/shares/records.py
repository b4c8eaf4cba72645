"""Tokens of shared links: the id of a link and its signature."""

from __future__ import annotations

import secrets
import string
import time

from django.core import signing

from people.models import Share
from runicorn.api.responses.shares import Kind
from runicorn_site.web.durable import changing

KINDS: tuple[Kind, ...] = ("run", "compare", "board", "report")
ID_CHARACTERS = string.ascii_letters + string.digits
"""Without `-` and `_`: an id that begins with a dash would be an option of `runicorn share revoke`."""
ID_LENGTH = 16


def _signer() -> signing.Signer:
    return signing.Signer(salt="runicorn.shares", sep=".")


def link_token(share: Share) -> str:
    """Return the token of a share, which is part of its link."""
    return _signer().sign(share.id)


def new_id() -> str:
    """Return a random id of 95 bits."""
    return "".join(secrets.choice(ID_CHARACTERS) for _ in range(ID_LENGTH))


def find(token: str) -> Share | None:
    """Return the share of a link, or None if it is unknown, revoked or expired."""
    try:
        share_id = _signer().unsign(token)
    except signing.BadSignature:
        return None
    share = Share.objects.filter(pk=share_id).first()
    return None if share is None or share.is_expired(time.time()) else share


def add(
    kind: Kind, target: str, root: str, expires_at: float | None, author: str, account: int | None
) -> Share:
    """Add a share; expired ones are removed."""
    now = time.time()
    with changing():
        Share.objects.filter(expires_at__lte=now).delete()
        return Share.objects.create(
            id=new_id(),
            kind=kind,
            target=target,
            root=root,
            created_at=now,
            expires_at=expires_at,
            author=author,
            account=account,
        )
