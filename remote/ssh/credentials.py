"""Credentials of an SSH login. Never part of a row, a log, a response or a traceback. No Django."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass

_KEY = secrets.token_bytes(32)
"""Random key of this process; digests are meaningless outside it."""


@dataclass(frozen=True, repr=False)
class Credentials:
    """Secrets of a login. A key as text takes precedence over a key file; the agent is used only when nothing else is given."""

    password: str | None = None
    private_key: str | None = None
    private_key_path: str | None = None
    passphrase: str | None = None
    use_agent: bool = True

    def __repr__(self) -> str:
        """Omit the secrets: tracebacks, debug pages and logs show this."""
        return f"Credentials({self.method})"

    @property
    def method(self) -> str:
        """`key`, `password`, `agent`, or `none`."""
        if self.private_key or self.private_key_path:
            return "key"
        if self.password is not None:
            return "password"
        return "agent" if self.use_agent else "none"

    @property
    def proof(self) -> bytes:
        """Keyed digest, equal for equal credentials within this process."""
        key = self.private_key or None
        proof_fields = [
            self.password,
            key,
            None if key else self.private_key_path or None,
            self.passphrase or None,
            self.method == "agent",
        ]
        return hashlib.blake2b(json.dumps(proof_fields).encode(), key=_KEY).digest()
