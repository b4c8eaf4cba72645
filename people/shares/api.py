"""Routes of shared links."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from people.access.actor import Actor, actor_of
from people.models import Share
from people.shares import services
from people.shares.records import KINDS, link_token
from runicorn.api.responses import shares as responses
from runicorn_site.web.access import Scope
from runicorn_site.web.addresses import site_address
from runicorn_site.web.endpoint import endpoint, route
from runicorn_site.web.pools import blocking
from runicorn_site.web.serializers import Body
from runs.api.requests_v2 import Moment


class ShareBody(Body):
    """A link to create."""

    kind = serializers.ChoiceField(choices=KINDS)
    target = serializers.CharField(
        max_length=6000, help_text="Id of a run, ids separated by commas, or `project/board`."
    )
    expires_at = Moment(required=False, help_text="Unix seconds or ISO 8601; never by default.")


def share_url(request: HttpRequest | Request, share: Share) -> str:
    """Return the link with the host and scheme that the client uses, also behind a proxy."""
    return request.build_absolute_uri(site_address(f"/s/{link_token(share)}/"))


def share_answer(request: Request, share: Share) -> responses.Share:
    answer = responses.Share(
        id=share.id,
        kind=share.kind,
        target=share.target,
        url=share_url(request, share),
        created_at=share.created_at,
    )
    if share.expires_at is not None:
        answer["expires_at"] = share.expires_at
    if share.author:
        answer["author"] = share.author
    return answer


def _actor(request: Request) -> Actor | None:
    return actor_of(request._request.scope)  # type: ignore[attr-defined]  # ASGI only


# A change is synced to disk.
@blocking
class ShareListView(APIView):
    """The shared links."""

    @endpoint(scope=Scope.CURATE, returns=list[responses.Share], errors=(503,), operation_id="v2_shares_list")
    def get(self, request: Request) -> Response:
        """List the links of the storage root in use that have not expired, newest first; of other users to administrators only."""
        return Response([share_answer(request, share) for share in services.current(_actor(request))])

    @endpoint(scope=Scope.CURATE, body=ShareBody, returns={201: responses.Share}, errors=(400, 404, 503))
    def post(self, request: Request, body: dict[str, Any]) -> Response:
        """Create a link that shows a run, a comparison, a board or the report of a run to everyone who has it, read-only."""
        share = services.create(body["kind"], body["target"], body.get("expires_at"), _actor(request))
        return Response(share_answer(request, share), status=201)


@blocking
@route("DELETE", scope=Scope.CURATE, returns=responses.RevokedShare, errors=(404, 503))
def share_view(request: Request, key: str) -> Response:
    """Revoke a link at once."""
    services.revoke(key, _actor(request))
    return Response(responses.RevokedShare(ok=True))


share_patterns = [
    path("v2/shares", ShareListView.as_view(), name="v2-shares"),
    path("v2/shares/<str:key>", share_view, name="v2-share"),
]
