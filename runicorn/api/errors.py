"""What can go wrong when a viewer is asked.

RunicornAPIError           everything below, and answers that fit nothing else
├── ConnectionError        no answer: refused, cut off, timed out, or something that is no viewer
├── BadRequestError        400, 413, 415, 416, 422: the request makes no sense to the server
├── AuthenticationError    401, 403: not without a token, or not allowed
├── NotFoundError          404, 405, 410: no such run or artifact, or a route that the server does not offer
├── ConflictError          409: it is not as the request supposes; with a host key to confirm, `host_key` has it
├── RateLimitError         429: too many requests; `retry_after` has the seconds to wait
└── ServerError            500 and above, and answers that are not what they should be
"""

from __future__ import annotations

from typing import Any


class RunicornAPIError(Exception):
    """A request that did not succeed.

    Attributes:
        detail: what is wrong, in a sentence of the server or of this client.
        status: the HTTP status; `None` when there was no answer.
        payload: the JSON body of the response, or `None`.
    """

    def __init__(self, detail: str, *, status: int | None = None, payload: Any = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.payload = payload

    def __reduce__(self) -> Any:
        """Pickled with all it carries: errors cross process boundaries in pools."""
        return _rebuilt, (type(self), self.detail, self.status, self.payload)


class ConnectionError(RunicornAPIError):
    """The viewer could not be reached, or did not answer in time."""


class BadRequestError(RunicornAPIError):
    """The server does not understand the request; `errors` names the fields."""

    @property
    def errors(self) -> dict[str, list[str]]:
        """For each field that is wrong what is wrong with it."""
        found = self.payload.get("errors") if isinstance(self.payload, dict) else None
        return found if isinstance(found, dict) else {}


class AuthenticationError(RunicornAPIError):
    """A token is missing or wrong, or what was asked for is not allowed."""


class NotFoundError(RunicornAPIError):
    """The run, artifact or route does not exist."""


class ConflictError(RunicornAPIError):
    """The state of the server does not allow what was asked."""

    @property
    def host_key(self) -> dict[str, Any] | None:
        """The host key that waits for confirmation, for `client.remote.accept_host_key`."""
        detail = self.payload.get("detail") if isinstance(self.payload, dict) else None
        found = detail.get("host_key") if isinstance(detail, dict) else None
        return found if isinstance(found, dict) else None


class RateLimitError(RunicornAPIError):
    """Too many requests in a short time."""

    @property
    def retry_after(self) -> float | None:
        """Seconds until the server listens again, when it says so."""
        found = self.payload.get("retry_after") if isinstance(self.payload, dict) else None
        return float(found) if isinstance(found, int | float) else None


class ServerError(RunicornAPIError):
    """Something went wrong in the server, or it gave an answer that cannot be read."""


def _rebuilt(kind: type[RunicornAPIError], detail: str, status: int | None, payload: Any) -> RunicornAPIError:
    return kind(detail, status=status, payload=payload)


def kind_of(status: int) -> type[RunicornAPIError]:
    """The class of error for an HTTP status."""
    if status >= 500:
        return ServerError
    return _KINDS.get(status, RunicornAPIError)


_KINDS: dict[int, type[RunicornAPIError]] = {
    **dict.fromkeys((400, 413, 415, 416, 422), BadRequestError),
    **dict.fromkeys((401, 403), AuthenticationError),
    **dict.fromkeys((404, 405, 410), NotFoundError),
    409: ConflictError,
    429: RateLimitError,
}
