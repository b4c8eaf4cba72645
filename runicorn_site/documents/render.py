"""Render the Markdown of a document with its live blocks as safe HTML."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from runicorn.store.project.documents import Document
from runicorn_site.documents.blocks import KINDS, Context, render_block
from runicorn_site.web import markdown

MOST_BLOCKS = 40


def render_document(document: Document, context: Context) -> SafeString:
    """Return the text of a document as HTML, without a first heading that is its title."""
    first, _line, rest = document.text.lstrip().partition("\n")
    is_title = first.startswith("#") and first.lstrip("# ").strip() == document.title
    return render(rest if is_title else document.text, context)


def render(text: str, context: Context) -> SafeString:
    """Return `text` as HTML; fenced code blocks of a kind of `KINDS` are rendered, all others stay code."""
    if text.count("[") > markdown.MAX_BRACKETS:
        return markdown.render(text)
    # The parser loads sixty modules.
    from runicorn_site.web.markdown_parser import parser

    tokens, count = parser().parse(text[: markdown.MAX_LENGTH]), 0
    for token in tokens:
        kind = token.info.split(maxsplit=1)[0].lower() if token.type == "fence" and token.info.strip() else ""
        if kind not in KINDS:
            continue
        count += 1
        if count > MOST_BLOCKS:
            token.content = _("A document shows at most {most} blocks.").format(most=MOST_BLOCKS)
            continue
        token.content = render_block(kind, token.content, context)
        token.type = "html_block"
    html: str = parser().renderer.render(tokens, parser().options, {})
    return mark_safe(html)
