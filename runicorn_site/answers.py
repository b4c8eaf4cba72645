"""Answers made without Django, by what stands before it: the guard, the limits of bodies and of sockets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from http import HTTPStatus

from runicorn_site.headers import Headers, is_api, security

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{status} {phrase}</title></head>
<body><h1>{phrase}</h1><p>{sentence}</p></body></html>
"""


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
        phrase = HTTPStatus(self.status).phrase
        page = PAGE.format(status=self.status, phrase=phrase, sentence=escape(self.sentence))
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
