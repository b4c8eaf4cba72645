"""Modules that libraries import without a use here, or long before it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COLORS = "django.core.management.color"
"""Django loads it, with its commands and their parser, for messages that this server does not print."""

MAIL = "django.core.mail"
"""Django loads it, and nearly all of `email`, for mails to administrators and users, which it does not send here."""


@contextmanager
def without(*names: str) -> Iterator[None]:
    """While it lasts these modules cannot be imported, as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def replaced(name: str, **attributes: Any) -> Iterator[None]:
    """While it lasts these attributes are what a module has, which is not loaded; what imports them keeps them."""
    if name in sys.modules:
        yield
        return
    stand_in = ModuleType(name)
    vars(stand_in).update(attributes)
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        del sys.modules[name]


def defer(name: str) -> None:
    """Let the first use of a module import it, instead of the libraries that mention it; it must be no package of others."""
    if name in sys.modules:
        return
    stand_in = ModuleType(name)

    def use(attribute: str) -> Any:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    stand_in.__getattr__ = use  # type: ignore[method-assign]
    sys.modules[name] = stand_in


def forget(name: str) -> None:
    """Release a module that is no longer used; a later import loads it again."""
    package, _, own = name.rpartition(".")
    sys.modules.pop(name, None)
    if package in sys.modules:
        vars(sys.modules[package]).pop(own, None)
