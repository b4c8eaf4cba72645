"""Responses of pages: fragments, which a page polls, and files to download."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header

R = TypeVar("R", bound=HttpResponseBase)


def fragment(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Return a part of a page with an ETag of its content, or 304 if the page has it already."""
    # The CSRF token is masked differently in each response, so it is left out of the ETag.
    token = get_token(request)
    text = render_to_string(template, {**context, "csrf_token": token}, request)
    tag = f'W/"{blake2b(text.replace(token, "").encode(), digest_size=12).hexdigest()}"'
    answer = HttpResponseNotModified() if is_fresh(request, tag) else HttpResponse(text)
    answer["ETag"] = tag
    answer["Cache-Control"] = "no-store"
    return answer


def is_fresh(request: HttpRequest, tag: str) -> bool:
    """Return whether the client has the content of a tag already."""
    named = request.headers.get("If-None-Match", "").split(",")
    return tag.removeprefix("W/") in {name.strip().removeprefix("W/") for name in named}


def attachment(response: R, name: str) -> R:
    """Mark a response as a file to download under a name."""
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response
