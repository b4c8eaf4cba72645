"""Responses with a page file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from runicorn_site.web.responses import is_fresh

if TYPE_CHECKING:
    from runicorn_site.page_file.document import PageFile


def page_response(request: HttpRequest, page: PageFile) -> HttpResponse:
    """Return the page in its sandbox, or 304 if the client has this content."""
    if is_fresh(request, page.tag):
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(
            page.html,
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": page.policy},
        )
    answer["ETag"] = page.tag
    answer["Cache-Control"] = "private, no-cache"
    return answer
