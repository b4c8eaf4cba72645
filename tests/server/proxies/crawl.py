"""Follow the addresses of pages as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

ATTRIBUTES = re.compile(r"href|src|action|poster|hx-(?:get|post|put|patch|delete)|data-[a-z-]+")
FOLLOWED = re.compile(r"href|src|hx-get|action")
"""Attributes with addresses that a GET may ask for; what scripts read may want a POST or a socket."""
STYLED = re.compile(r"url\(([^)]+)\)")


class Addresses(HTMLParser):
    """The addresses in a page: those that can be asked for, and those of forms."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str] = []
        self.posted: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses of a tag."""
        attributes = dict(attrs)
        is_post = tag == "form" and (attributes.get("method") or "").lower() == "post"
        for name, value in attrs:
            if not value or not ATTRIBUTES.fullmatch(name) or not value.startswith(("/", "?", ".")):
                continue
            if (name == "action" and is_post) or name == "hx-post" or not FOLLOWED.fullmatch(name):
                self.posted.append(value)
            else:
                self.followed.append(value)


def references(answer: requests.Response) -> tuple[list[str], list[str]]:
    """Return the addresses to ask for and those to post to in a page or a style sheet."""
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        page = Addresses()
        page.feed(answer.text)
        return page.followed, page.posted
    if kind.startswith("text/css"):
        return [link.strip("\"'") for link in STYLED.findall(answer.text) if "data:" not in link], []
    return [], []


def crawl(session: requests.Session, starts: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield every address of the site reachable from the first ones, the page that has it, and the status of its answer.

    An address for forms alone has the status 0; it is not asked for.
    """
    waiting = [(url, "") for url in starts]
    shapes: set[str] = set()
    while waiting:
        url, page = waiting.pop()
        shape = re.sub(r"[?#].*", "", url)
        if shape in shapes:
            continue
        shapes.add(shape)
        answer = session.get(url, timeout=60)
        yield url, page, answer.status_code
        followed, posted = references(answer)
        for other in posted:
            yield urljoin(url, other), url, 0
        same = urlsplit(url).netloc
        absolute = [urljoin(answer.url, link) for link in followed]
        waiting += [(link, url) for link in absolute if urlsplit(link).netloc == same]
