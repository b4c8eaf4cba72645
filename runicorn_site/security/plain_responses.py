"""Answers made without Django, by what stands before it: the guard, the limits of bodies and of sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from http import HTTPStatus

from runicorn_site.security.headers import Headers, is_api, security

STYLE_PATH = "/plain.css"
HEAD = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{title}} – Runicorn</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{STYLE_PATH}"></head>
"""
PAGE = f"""{HEAD}<body class="plain"><main><p>{{status}}</p><h1>{{title}}</h1><p>{{sentence}}</p></main></body></html>
"""
TITLES = {
    400: "This request cannot be understood",
    403: "This is not allowed",
    404: "There is nothing here",
    405: "This cannot be done here",
    409: "Something stands in the way",
    410: "This is gone",
    413: "This is too large",
    415: "This kind of file cannot be read",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Not available right now",
    507: "The disk is full",
}
"""What an error is called on its page."""


def title_of(status: int) -> str:
    """A title for the page of an error, as people say it."""
    return TITLES.get(status, HTTPStatus(status).phrase)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not passed on."""

    status: int
    sentence: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def body(self, path: str) -> tuple[bytes, bytes]:
        """Content type and content: JSON under /api, a page elsewhere."""
        if is_api(path):
            return b"application/json", json.dumps({"detail": self.sentence}).encode()
        title = title_of(self.status)
        page = PAGE.format(status=self.status, title=title, sentence=escape(self.sentence))
        return b"text/html; charset=utf-8", page.encode()


def whole(refusal: Refusal, path: str) -> tuple[Headers, bytes]:
    """All headers and the content of a refusal."""
    kind, content = refusal.body(path)
    length = str(len(content)).encode()
    headers = [(b"Content-Type", kind), (b"Content-Length", length), *refusal.headers]
    return headers + security(path, headers), content


def raw_answer(refusal: Refusal, path: str) -> bytes:
    """A refusal as it goes over the wire, after which the connection closes."""
    headers, content = whole(refusal, path.partition("?")[0])
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in (*headers, (b"Connection", b"close"))]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content
