"""Responses with fragments of a page, which the page polls."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.template.loader import render_to_string


def fragment(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """Return a part of a page with an ETag of its content, or 304 if the page has it already."""
    # The CSRF token is masked differently in each response, so it is left out of the ETag.
    token = get_token(request)
    text = render_to_string(template, {**context, "csrf_token": token}, request)
    tag = f'W/"{blake2b(text.replace(token, "").encode(), digest_size=12).hexdigest()}"'
    fresh = request.headers.get("If-None-Match") == tag
    answer = HttpResponseNotModified() if fresh else HttpResponse(text)
    answer["ETag"] = tag
    answer["Cache-Control"] = "no-store"
    return answer
