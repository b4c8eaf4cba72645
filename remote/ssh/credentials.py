"""How somebody proves to another machine who they are. Never in a row, a log, an answer or a traceback. No Django."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass

_KEY = secrets.token_bytes(32)
"""Of this process: a digest means nothing outside of it."""


@dataclass(frozen=True, repr=False)
class Credentials:
    """What was given. A key as text goes before a key file; the agent is asked only when there is nothing else."""

    password: str | None = None
    private_key: str | None = None
    private_key_path: str | None = None
    passphrase: str | None = None
    use_agent: bool = True

    def __repr__(self) -> str:
        """Never the secrets: tracebacks, debug pages and logs show this."""
        return f"Credentials({self.method})"

    @property
    def method(self) -> str:
        """`key`, `password`, `agent`, or `none` when nothing was given."""
        if self.private_key or self.private_key_path:
            return "key"
        if self.password is not None:
            return "password"
        return "agent" if self.use_agent else "none"

    @property
    def proof(self) -> bytes:
        """A keyed digest, equal for equal credentials, good within this process only."""
        key = self.private_key or None
        given = [
            self.password,
            key,
            None if key else self.private_key_path or None,
            self.passphrase or None,
            self.method == "agent",
        ]
        return hashlib.blake2b(json.dumps(given).encode(), key=_KEY).digest()
