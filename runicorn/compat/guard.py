"""Errors of a tracker, kept away from the training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from runicorn.compat.unknown import warn_once


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Report an error once per `what`, and continue after the block.

    Media of a script are arbitrary objects of other libraries, which raise whatever they like.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001
        warn_once(f"guard {what}", f"{what} was not logged: {type(error).__name__}: {error}")
