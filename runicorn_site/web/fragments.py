"""Answers that pages ask for again and again."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.template.loader import render_to_string


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A part of a page with an ETag of its content: 304 when it is what the page has already."""
    # The token is masked anew each time; it tells nothing of the content, and must not make it look new.
    token = get_token(request)
    text = render_to_string(template, context | {"csrf_token": token}, request)
    tag = f'W/"{blake2b(text.replace(token, "").encode(), digest_size=12).hexdigest()}"'
    fresh = request.headers.get("If-None-Match") == tag
    answer = HttpResponseNotModified() if fresh else HttpResponse(text)
    answer["ETag"] = tag
    answer["Cache-Control"] = "no-store"
    return answer
