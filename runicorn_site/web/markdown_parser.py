"""The parser of Markdown, with our links, images and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.html import escape
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

# Pages have the headings h1 and h2 of their own.
HEADING_OFFSET = 2
LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# RFC 3986 allows these in an address; at its end they belong to the sentence around it.
TRAILING = ".,:;!?'*_~"


@cache
def parser() -> MarkdownIt:
    """Return the parser, which is made once."""
    markdown = MarkdownIt(
        "js-default", {"linkify": True, "typographer": False, "breaks": True}, renderer_cls=_Renderer
    )
    markdown.linkify = _Addresses()
    return markdown


class _Renderer(RendererHTML):
    """Links that tell the linked site nothing, images as links, and headings below those of the page."""

    def link_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        tokens[index].attrSet("rel", "noopener noreferrer nofollow")
        return self.renderToken(tokens, index, options, env)

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        token = tokens[index]
        label = self.renderInlineAsText(token.children or (), options, env) or str(token.attrGet("src"))
        inside = sum(other.nesting for other in tokens[:index] if other.type.startswith("link_"))
        if inside:
            return escape(label)
        return (
            f'<a href="{escape(token.attrGet("src"))}" rel="noopener noreferrer nofollow">{escape(label)}</a>'
        )

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        # The policy of pages allows no style in the markup.
        alignment = tokens[index].attrs.pop("style", "")
        if alignment == "text-align:right":
            tokens[index].attrSet("class", "number")
        return self.renderToken(tokens, index, options, env)

    td_open = th_open

    def heading_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        return f"<{_lowered(tokens[index].tag)}>"

    def heading_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        return f"</{_lowered(tokens[index].tag)}>\n"


def _lowered(tag: str) -> str:
    return f"h{min(6, int(tag[1:]) + HEADING_OFFSET)}"


@dataclass(frozen=True, slots=True)
class _Address:
    """An address in a text, as the `linkify` rule of the parser expects it."""

    index: int
    last_index: int
    url: str
    schema: str = "http:"

    @property
    def text(self) -> str:
        return self.url


class _Addresses:
    """Find http and https addresses; `linkify-it-py`, the usual finder, also makes links of file names like `train.py`."""

    def pretest(self, text: str) -> bool:
        return "://" in text

    def test(self, text: str) -> bool:
        return LINK.search(text) is not None

    def match(self, text: str) -> list[_Address]:
        addresses = []
        for match in LINK.finditer(text):
            url = _without_trailing(match[0])
            addresses.append(_Address(match.start(), match.start() + len(url), url))
        return addresses

    def match_at_start(self, text: str) -> _Address | None:
        match = LINK.match(text)
        url = _without_trailing(match[0]) if match else ""
        return _Address(0, len(url), url) if match else None


def _without_trailing(url: str) -> str:
    """Return an address without the punctuation and the unbalanced bracket after it."""
    end, unbalanced = len(url), url.count(")") - url.count("(")
    while end and (url[end - 1] in TRAILING or (url[end - 1] == ")" and unbalanced > 0)):
        end -= 1
        unbalanced -= url[end] == ")"
    return url[:end]
