"""Requests to a bucket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from runicorn.artifacts.errors import BadPool
from runicorn.artifacts.s3.client import PRESENT, connect, explained

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9!_.*'()-]+)*)/?")


class Exists(Exception):
    """An object of that name exists, or is being written."""


def is_url(url: str) -> bool:
    """Return whether it is the URL of a bucket."""
    return _URL.fullmatch(url) is not None


class Connection:
    """A connection to a prefix of a bucket. Thread-safe.

    Attributes:
        name: name of the bucket.
        url: `s3://bucket/prefix`, without a slash at its end.
        prefix: that of the keys, with a slash at its end; "" for none.
    """

    def __init__(self, url: str) -> None:
        """Connect to nothing yet.

        Raises:
            BadPool: the URL is malformed.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise BadPool("The pool of artifacts must be like s3://bucket/prefix, not {url}", url=repr(url))
        self.url = url.rstrip("/")
        self.name = match[1]
        self.prefix = match[2].lstrip("/") + "/" if match[2] else ""

    @cached_property
    def client(self) -> Any:
        return connect()

    @property
    def endpoint(self) -> str:
        """Return the address of the server."""
        return str(self.client.meta.endpoint_url)

    def pages(self, operation: str) -> Iterator[dict[str, Any]]:
        pages = iter(self.client.get_paginator(operation).paginate(Bucket=self.name, Prefix=self.prefix))
        while (page := self.explain(lambda: next(pages, None))) is not None:
            yield page

    def call(self, operation: str, **params: Any) -> Any:
        """Call an operation of S3 on the bucket; raise `Exists` if the condition of a write is not met."""
        return self.explain(lambda: getattr(self.client, operation)(Bucket=self.name, **params))

    def explain(self, call: Callable[[], Any]) -> Any:
        client = self.client
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            cause = explained(error, self.url, client)
            raise (Exists(str(cause)) if cause.code in PRESENT else cause) from error
