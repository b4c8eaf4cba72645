"""Route that renders the Markdown of text cells: preview, and texts added since the page was loaded."""

from __future__ import annotations

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from runicorn.api.responses.boards import RenderedText
from runicorn.store.project.board_schema import TEXT_LENGTH
from runicorn_site.web import markdown
from runicorn_site.web.access import Scope
from runicorn_site.web.endpoint import route
from runicorn_site.web.serializers import Body


class MarkdownText(Body):
    text = serializers.CharField(max_length=TEXT_LENGTH, allow_blank=True, trim_whitespace=False)


@route("POST", scope=Scope.READ, recorded=False, body=MarkdownText, returns=RenderedText, errors=(400, 403))
def render_markdown(request: Request, body: dict[str, str]) -> Response:
    """Return a text as HTML that is safe to insert."""
    return Response(RenderedText(html=markdown.render(body["text"])))


page_patterns = [path("markdown", render_markdown, name="markdown")]
