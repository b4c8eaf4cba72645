"""Links that show a run, a comparison or a board without a login."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from runicorn.api import urls
from runicorn.api.transport import Transport

if TYPE_CHECKING:
    from runicorn.api.responses import shares as responses


class SharesAPI:
    """Shared links of the server, as `client.shares`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, kind: responses.Kind, target: str | Sequence[str], *, expires_at: float | None = None
    ) -> responses.Share:
        """Create a link. Everyone who has its `url` can read the page, without a login.

        Args:
            kind: `run`, `report`, `compare` or `board`.
            target: id of a run (also of a report), ids of runs, or `project/board`.
            expires_at: Unix seconds; None for a link that does not expire.

        Raises:
            BadRequestError: the target does not exist, or the time is in the past.
            NotFoundError: there is no such run.
        """
        ids = target if isinstance(target, str) else ",".join(target)
        body = {"kind": kind, "target": ids, "expires_at": expires_at}
        return cast("responses.Share", self._transport.json("POST", urls.path("v2", "shares"), body=body))

    def list(self) -> list[responses.Share]:
        """Return the links of the storage root in use that have not expired, newest first."""
        return cast("list[responses.Share]", self._transport.json("GET", urls.path("v2", "shares")))

    def revoke(self, share_id: str) -> None:
        """Revoke a link at once.

        Raises:
            NotFoundError: there is no such link.
        """
        self._transport.json("DELETE", urls.path("v2", "shares", share_id))
