"""Client of the upload routes of a server."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from runicorn.newer_python import sha256
from runicorn.settings import user
from runicorn.upload.http import ERRORS, Answer, HttpClient, api_path, without_password

PART = 4 * 1024 * 1024
"""Size of a part in bytes; the server accepts twice as much."""
TIMEOUT = 60.0
PATIENCE = 900.0
"""Timeout of requests in which the server computes the digest of a large file."""
ROUNDS = 3
NO_ROUTE = {"not found", "there is nothing at this address"}
UNAUTHORIZED = 401
UNKNOWN = "unknown"
"""Digest of a file on a server that does not report digests."""


class ServerUnavailable(Exception):
    """The server is unreachable, too busy, or rejects the token; a retry may succeed.

    Attributes:
        pause: seconds until a retry, if the server announces them.
    """

    def __init__(self, sentence: str, pause: float | None = None) -> None:
        super().__init__(sentence)
        self.pause = pause


class Denied(ServerUnavailable):
    """Every request fails until the address, the certificate or the token is corrected."""


class Unsupported(ServerUnavailable):
    """The server does not have this route; it may be updated."""


class RequestRejected(Exception):
    """The server rejects it for good."""


class Removed(Exception):
    """The run or artifact does not exist on the server."""


class Conflict(Exception):
    """The request does not match the state of the server.

    Attributes:
        size: current size on the server, if that is the conflict.
        same_store: whether the server serves the store that contains the run.
    """

    def __init__(self, sentence: str, payload: Any) -> None:
        super().__init__(sentence)
        content = payload if isinstance(payload, dict) else {}
        size = content.get("size")
        self.size = size if isinstance(size, int) else None
        self.same_store = content.get("same_store") is True


def token() -> str | None:
    """Return the token in `RUNICORN_TOKEN`, or in the file that it names.

    Raises:
        ValueError: it cannot be sent in a header.
    """
    setting = user.get("RUNICORN_TOKEN").strip()
    if not setting or setting in {"auto", "new"}:
        return None
    path = Path(os.path.expanduser(setting))
    with suppress(OSError, ValueError):
        setting = path.read_text(encoding="utf-8").strip() if path.is_file() else setting
    if not (setting.isascii() and setting.isprintable() and setting.strip()):
        raise ValueError("A token is one line of ASCII characters")
    return setting


class Server:
    """Client of one server for one run. Not thread-safe.

    Raises:
        ValueError: the address or the token is malformed.
    """

    def __init__(self, url: str, run_id: str, sender: str, timeout: float = TIMEOUT) -> None:
        self._client = HttpClient(url, timeout)
        self._token = token()
        self._run_id = run_id
        self._sender = sender
        self.taken = 0
        """Number of requests that the server accepted."""

    def append(self, name: str, offset: int, content: bytes) -> int:
        """Append to a growing file and return its size there.

        Raises:
            Conflict: its size differs.
        """
        return int(self._put(name, content, offset=offset)["size"])

    def replace(self, name: str, content: bytes) -> None:
        """Replace a file.

        Raises:
            Conflict: the server has another run with this id, or serves the same store.
        """
        self._put(name, content, digest=f"sha256:{hashlib.sha256(content).hexdigest()}")

    def replace_large(self, name: str, path: Path) -> None:
        """Replace a file in parts, resuming an earlier upload, and compare digests at the end."""
        with path.open("rb") as file:
            digest = f"sha256:{sha256(file)}"
            size = file.seek(0, os.SEEK_END)
            for _ in range(ROUNDS):
                self._parts(name, file, digest, size)
                if self.digest(name) in (digest, UNKNOWN):
                    return
        raise Conflict(f"{name} arrived with a different digest", None)

    def _parts(self, name: str, file: BinaryIO, digest: str, size: int) -> None:
        offset = 0
        while offset < size:
            file.seek(offset)
            try:
                answer = self._put(name, file.read(PART), digest=digest, offset=offset, size=size)
                offset = int(answer["size"])
            except Conflict as conflict:
                if conflict.size is None or conflict.size == offset:
                    raise
                offset = conflict.size
                if offset == size:
                    # All bytes arrived, but the server may have been killed before it renamed the file.
                    self._put(name, b"", digest=digest, offset=size, size=size)

    def digest(self, name: str, size: int | None = None) -> str | None:
        """Return the digest of a file on the server, or of its first `size` bytes.

        Returns:
            None if it is missing or shorter; `UNKNOWN` from servers without this route.

        Raises:
            ServerUnavailable: the server could not be reached.
        """
        path = self.path("runs", self._run_id, "files", *name.split("/"))
        try:
            return str(self.json("GET", path, size=size, patience=PATIENCE)["digest"])
        except Removed:
            return None
        except (RequestRejected, Unsupported):
            return UNKNOWN

    def heartbeat(self, run_id: str) -> None:
        self.json("PUT", self.path("runs", run_id, "heartbeat"))

    def json(
        self, method: str, path: str, body: Any = None, *, patience: float | None = None, **params: Any
    ) -> Any:
        """Return the JSON of a response; `patience` is the timeout in seconds."""
        query = [(key, str(value)) for key, value in params.items() if value is not None]
        answer = self._request(method, path, query, body, patience)
        if answer.status == UNAUTHORIZED and self._read_token_again():
            answer = self._request(method, path, query, body, patience)
        if answer.status >= 300:
            raise self._error(answer, f"{method} {path}")
        value = answer.json()
        if not isinstance(value, (dict, list)):
            raise ServerUnavailable(
                f"{without_password(self._client.url)} sent a response to {method} {path} that is not JSON"
            )
        self.taken += method == "PUT"
        return value

    def path(self, *parts: str | int) -> str:
        return api_path(*parts)

    def close(self) -> None:
        self._client.close()

    def _read_token_again(self) -> bool:
        """Return whether the token file has a new token."""
        before = self._token
        with suppress(ValueError):
            self._token = token()
        return self._token != before

    def _request(
        self, method: str, path: str, query: list[tuple[str, str]], body: Any, patience: float | None
    ) -> Answer:
        try:
            return self._client.request(method, path, query, body, token=self._token, timeout=patience)
        except ERRORS as error:
            if sentence := self._client.explain(error):
                raise Denied(sentence) from error
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServerUnavailable(
                f"No Runicorn viewer could be reached at {without_password(self._client.url)}: {reason}"
            ) from error

    def _error(self, answer: Answer, request: str) -> Exception:
        payload = answer.json()
        detail = payload.get("detail") if isinstance(payload, dict) else None
        sentence = (
            detail
            if isinstance(detail, str)
            else f"{request} failed with status {answer.status} {answer.reason}"
        )
        status = answer.status
        if status == 400 and payload is None and self._client.is_https_port():
            # nginx and Apache answer plain HTTP on a port for TLS like this.
            return Denied(self._client.wrong_scheme())
        if status in (400, 413, 415, 422):
            return RequestRejected(sentence)
        if status in (401, 403):
            return Denied(sentence)
        if status == 405 or (status == 404 and sentence.rstrip(".").lower() in NO_ROUTE):
            return Unsupported(sentence)
        if status == 404:
            return Removed(sentence)
        if status == 409:
            return Conflict(sentence, payload)
        return ServerUnavailable(
            sentence, _seconds(answer.headers.get("Retry-After")) if status == 429 else None
        )

    def _put(self, name: str, content: bytes, **params: Any) -> Any:
        path = self.path("runs", self._run_id, "files", *name.split("/"))
        return self.json("PUT", path, content, sender=self._sender, **params)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdecimal() and len(text) < 10 else None
