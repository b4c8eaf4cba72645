"""Errors of the client.

RunicornAPIError           base class, and any other status
├── ConnectionError        no response: refused, reset, timed out, or not a Runicorn server
├── BadRequestError        400, 413, 415, 416, 422: invalid request; a malformed run id is a NotFoundError too
├── AuthenticationError    401, 403: missing or invalid token, or not permitted
├── NotFoundError          404, 405, 410: unknown run, artifact or route
├── ConflictError          409: conflict with the current state; `host_key` is a host key to confirm
├── RateLimitError         429: too many requests; `retry_after` is the number of seconds to wait
└── ServerError            500 and above, and malformed responses
"""

from __future__ import annotations

from typing import Any


class RunicornAPIError(Exception):
    """Base class of the errors of the client.

    Attributes:
        detail: message of the server or of this client.
        status: HTTP status; None without a response.
        payload: JSON body of the response, or None.
    """

    def __init__(self, detail: str, *, status: int | None = None, payload: Any = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.payload = payload

    def __reduce__(self) -> Any:
        """Pickle all attributes: errors cross process boundaries in pools."""
        return _rebuilt, (type(self), self.detail, self.status, self.payload)


class ConnectionError(RunicornAPIError):
    """The server could not be reached, or did not respond in time."""


class BadRequestError(RunicornAPIError):
    """The request is invalid; `errors` has the fields."""

    @property
    def errors(self) -> dict[str, list[str]]:
        """Return the errors by field."""
        errors = self.payload.get("errors") if isinstance(self.payload, dict) else None
        return errors if isinstance(errors, dict) else {}


class AuthenticationError(RunicornAPIError):
    """A token is missing or invalid, or the request is not permitted."""


class NotFoundError(RunicornAPIError):
    """The run, artifact or route does not exist."""


class InvalidRunIdError(BadRequestError, NotFoundError):
    """No run can have this id. Viewers of Runicorn 0.5 answered 404, so scripts catch `NotFoundError`."""


class ConflictError(RunicornAPIError):
    """The request conflicts with the state of the server."""

    @property
    def host_key(self) -> dict[str, Any] | None:
        """Return the host key to confirm, for `client.remote.accept_host_key`."""
        detail = self.payload.get("detail") if isinstance(self.payload, dict) else None
        host_key = detail.get("host_key") if isinstance(detail, dict) else None
        return host_key if isinstance(host_key, dict) else None


class RateLimitError(RunicornAPIError):
    """Too many requests."""

    @property
    def retry_after(self) -> float | None:
        """Return the seconds to wait, if the server announces them."""
        seconds = self.payload.get("retry_after") if isinstance(self.payload, dict) else None
        return float(seconds) if isinstance(seconds, (int, float)) else None


class ServerError(RunicornAPIError):
    """Internal error of the server, or a malformed response."""


def _rebuilt(kind: type[RunicornAPIError], detail: str, status: int | None, payload: Any) -> RunicornAPIError:
    return kind(detail, status=status, payload=payload)


def kind_of(status: int, payload: Any = None) -> type[RunicornAPIError]:
    """Return the error class of an HTTP status, and of the JSON body of the response."""
    if status >= 500:
        return ServerError
    if status == 400 and isinstance(payload, dict):
        return (
            InvalidRunIdError if str(payload.get("detail")).startswith("Invalid run_id") else BadRequestError
        )
    return _KINDS.get(status, RunicornAPIError)


_KINDS: dict[int, type[RunicornAPIError]] = {
    **dict.fromkeys((400, 413, 415, 416, 422), BadRequestError),
    **dict.fromkeys((401, 403), AuthenticationError),
    **dict.fromkeys((404, 405, 410), NotFoundError),
    409: ConflictError,
    429: RateLimitError,
}
