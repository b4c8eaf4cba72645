"""Middleware that answers requests of conditional routes from memory, or tags and remembers their answers.

Pages and the answers of all other routes are built for each request, and tagged by their content.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.translation import get_language

from people.access.actor import actor_of
from runicorn_site.conditional.answers import LARGEST, Answer, answers, is_named, tag_of
from runicorn_site.conditional.moment import take_moment
from runicorn_site.security.guard import Scope, prefix_of
from runicorn_site.web import moments
from runicorn_site.web.actor import SHARED
from runicorn_site.web.arrow_accept import is_asked_for
from runicorn_site.web.conditional import Notes, is_at_a_moment, is_conditional, noted
from runicorn_site.web.moments import MOMENT, Moment
from runicorn_site.web.readable import current

SAFE = ("GET", "HEAD")
INCOMPLETE = "X-Ingest-Pending"
TAGGED = re.compile(r"text/html\b|application/json\b")
CSRF_TOKEN = re.compile(rb"""(name="csrfmiddlewaretoken" value=")[A-Za-z0-9]+""")
UNTAGGED = frozenset({"content-length", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})
PROCESS = secrets.token_hex(8)
"""Versions of the database are only comparable within a process."""
REVALIDATE = "private, no-cache"


def key_of(scope: Scope, moment: Moment, language: str | None) -> Hashable:
    """Return all that an answer depends on besides rows and files, above all what its sender may see."""
    actor = actor_of(scope)
    sender = None if actor is None else (actor.name, actor.account, actor.token, actor.scope, actor.role)
    roles = None if actor is None else frozenset(actor.projects.items())
    place = (moment.root, prefix_of(scope), scope["path"].rstrip("/"), scope["query_string"])
    return (*place, current(), sender, roles, language)


class Conditional:
    """Middleware directly around the view, so that limits and rights come before it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Give a page, and an answer of a route that is not declared, the tag of its content."""
        response = self.get_response(request)
        if request.method not in SAFE or response.streaming or SHARED in getattr(request, "scope", {}):
            return response
        if not TAGGED.match(response.get("Content-Type", "")) or "no-store" in response.get(
            "Cache-Control", ""
        ):
            return response
        return tagged(response, request, None, None, Notes(), content_of)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Answer a GET request of a conditional route; leave all others to their view."""
        looks = is_conditional(view)
        scope = getattr(request, "scope", None)
        if scope is not None and is_at_a_moment(view) and scope.get(MOMENT) is None:
            scope[MOMENT] = take_moment(False)
        if looks is None or scope is None or request.method not in SAFE or SHARED in scope:
            return None
        accept = request.headers.get("Accept", "")
        if "text" in accept or is_asked_for(accept):  # a browser, for the page of the API; another form
            return None
        moment: Moment | None = scope.get(MOMENT)
        if moment is None or (looks and not moment.has_looked):
            moment = take_moment(looks)
        with moments.at(moment), noted() as notes:
            key = None if moment is None else key_of(scope, moment, get_language())
            answer = None if moment is None else answers.find(key, moment.version)
            if answer is not None and (again := cached_response(answer, request)) is not None:
                return again
            response = view(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        if not (looks or notes.suffices):
            moment = None
        return tagged(response, request, key, moment, notes)


def cached_response(answer: Answer, request: HttpRequest) -> HttpResponse | None:
    """Return an answer once more, as 304 if the client has it; None if its body was not kept."""
    if is_named(answer.tag, request.headers.get("If-None-Match")):
        return not_modified(answer.tag, answer.headers)
    if answer.body is None:
        return None
    response = HttpResponse(answer.body)
    del response.headers["Content-Type"]
    for name, value in answer.headers:
        response.headers[name] = value
    response.headers["ETag"] = answer.tag
    return response


def not_modified(tag: str, headers: list[tuple[str, str]]) -> HttpResponseNotModified:
    """Return a 304 with the headers of the answer it stands for, except those of its body."""
    response = HttpResponseNotModified()
    for name, value in headers:
        if not name.lower().startswith("content-"):
            response.headers[name] = value
    response.headers["ETag"] = tag
    return response


def content_of(body: bytes, request: HttpRequest) -> bytes:
    """Return the content of a page without its CSRF token, which is masked differently in each response.

    The token in the page that a browser has belongs to its cookie, which is therefore a part of the content.
    """
    content, count = CSRF_TOKEN.subn(rb"\1", body)
    return content + request.COOKIES.get(settings.CSRF_COOKIE_NAME, "").encode() if count else body


def tagged(
    response: HttpResponseBase,
    request: HttpRequest,
    key: Hashable,
    moment: Moment | None,
    notes: Notes,
    content: Callable[[bytes, HttpRequest], bytes] = lambda body, _: body,
) -> HttpResponseBase:
    """Give a complete answer its tag and remember it; return 304 instead of it if the client has it."""
    if response.status_code != 200 or response.cookies or INCOMPLETE in response or "ETag" in response:
        return response
    response.headers.setdefault("Cache-Control", REVALIDATE)
    headers = [(name, value) for name, value in response.items() if name.lower() not in UNTAGGED]
    if response.streaming:
        if moment is None or notes.checks or notes.expires < float("inf"):
            return response
        # A list in constant memory is tagged by the rows that it shows, in this process.
        tag = tag_of(repr((PROCESS, moment.version, key)).encode(), headers)
    else:
        body = cast(HttpResponse, response).content
        tag = tag_of(content(body, request), headers)
        if moment is not None:
            small_body = body if len(body) <= LARGEST else None
            answers.remember(
                key, Answer(moment.version, tag, headers, small_body, notes.expires, notes.checks)
            )
    if is_named(tag, request.headers.get("If-None-Match")):
        response.close()
        return not_modified(tag, headers)
    response.headers["ETag"] = tag
    return response
