"""Render Markdown written by users as safe HTML.

Raw HTML in the text is shown as text, links lead to http, https, mailto and relative addresses only, and an image
becomes a link to it: the policy of pages loads nothing from other hosts.
"""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

MAX_LENGTH = 100_000
# The parser needs about 0.2 ms for each bracket that closes nowhere.
MAX_BRACKETS = 2_000


def render(text: str) -> SafeString:
    """Return `text` as HTML; what is beyond `MAX_LENGTH` characters is left out, and text with too many brackets is not parsed."""
    if text.count("[") > MAX_BRACKETS:
        return format_html("<pre>{}</pre>", text[:MAX_LENGTH])
    # The parser loads sixty modules, and most runs have no description.
    from runicorn_site.web.markdown_parser import parser

    html: str = parser().render(text[:MAX_LENGTH])
    return mark_safe(html)
