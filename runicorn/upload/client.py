"""The server that a run is sent to, as far as sending is concerned."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from runicorn import settings

PART = 4 * 1024 * 1024
"""Bytes in one request; a server takes twice as many."""
TIMEOUT = 60.0


class Away(Exception):
    """The server cannot be reached, is too busy, or does not let us in: later it may be otherwise.

    Attributes:
        pause: seconds after which it wants to be asked again, if it said so.
    """

    def __init__(self, sentence: str, pause: float | None = None) -> None:
        super().__init__(sentence)
        self.pause = pause


class Denied(Away):
    """The server asks for another token."""


class Refused(Exception):
    """The server will not take it, now or later."""


class Removed(Exception):
    """The run is not there."""


class Conflict(Exception):
    """What was sent does not fit what is there.

    Attributes:
        size: bytes that are there, if that is the question.
        same_store: whether the server serves the very store that the run lies in.
    """

    def __init__(self, sentence: str, payload: Any) -> None:
        super().__init__(sentence)
        told = payload if isinstance(payload, dict) else {}
        size = told.get("size")
        self.size = size if isinstance(size, int) else None
        self.same_store = told.get("same_store") is True


def token() -> str | None:
    """What `RUNICORN_TOKEN` says: the token, or the file that holds it."""
    given = settings.get("RUNICORN_TOKEN").strip()
    if not given or given in {"auto", "new"}:
        return None
    path = Path(os.path.expanduser(given))
    try:
        return path.read_text(encoding="utf-8").strip() if path.is_file() else given
    except (OSError, ValueError):
        return given


class Server:
    """One server, and the run that it is sent.

    Raises:
        ValueError: the address or the token is none.
    """

    def __init__(self, url: str, run_id: str, sender: str) -> None:
        from runicorn.api.transport import Transport

        self._transport = Transport(url, TIMEOUT, 0, token())
        self._run_id = run_id
        self._sender = sender
        self.taken = 0
        """How many requests the server has taken something of."""

    def append(self, name: str, offset: int, content: bytes) -> int:
        """Add to a growing file; the bytes that are there then.

        Raises:
            Conflict: another size is there.
            Away, Refused, Removed: see there.
        """
        return int(self._put(name, content, offset=offset)["size"])

    def replace(self, name: str, content: bytes) -> None:
        """Put a whole file.

        Raises:
            Conflict: the run is another one there, or lies in the store of the server already.
            Away, Refused, Removed: see there.
        """
        self._put(name, content, digest=f"sha256:{hashlib.sha256(content).hexdigest()}")

    def replace_large(self, name: str, path: Path) -> None:
        """Put a whole file in parts, going on with what is there.

        Raises:
            OSError: it cannot be read.
            Conflict, Away, Refused, Removed: see there.
        """
        with path.open("rb") as file:
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            size, offset = file.seek(0, os.SEEK_END), 0
            while offset < size:
                file.seek(offset)
                try:
                    answer = self._put(name, file.read(PART), digest=digest, offset=offset, size=size)
                    offset = int(answer["size"])
                except Conflict as conflict:
                    if conflict.size is None or conflict.size == offset:
                        raise
                    offset = conflict.size

    def json(
        self, method: str, path: str, body: Any = None, *, patience: float | None = None, **params: Any
    ) -> Any:
        """What a route answers; `patience` are the seconds that it may need for that.

        Raises:
            Conflict, Away, Refused, Removed: see there.
        """
        from runicorn.api import errors

        try:
            query = [(key, str(value)) for key, value in params.items() if value is not None]
            answer = self._transport.json(method, path, params=query, body=body, timeout=patience)
        except errors.ConflictError as error:
            raise Conflict(error.detail, error.payload) from error
        except errors.NotFoundError as error:
            raise Removed(error.detail) from error
        except errors.BadRequestError as error:
            raise Refused(error.detail) from error
        except errors.AuthenticationError as error:
            raise Denied(error.detail) from error
        except errors.RateLimitError as error:
            raise Away(error.detail, error.retry_after) from error
        except errors.RunicornAPIError as error:
            raise Away(error.detail) from error
        self.taken += method == "PUT"
        return answer

    def path(self, *parts: str | int) -> str:
        """The path of a route."""
        from runicorn.api import addresses

        return addresses.path(*parts)

    def _put(self, name: str, content: bytes, **params: Any) -> Any:
        path = self.path("runs", self._run_id, "files", *name.split("/"))
        return self.json("PUT", path, content, sender=self._sender, **params)
