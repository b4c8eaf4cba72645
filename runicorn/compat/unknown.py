"""Names of another tracker that are not implemented: a call warns once and returns None."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from runicorn.store.notices import say

Function = TypeVar("Function", bound=Callable[..., Any])
_warned: set[str] = set()


def warn_once(name: str, text: str) -> None:
    """Print `text` unless something was printed for `name` before."""
    if name not in _warned:
        _warned.add(name)
        say(text)


class _Unknown(type):
    """Type of unknown names: classes, so that `isinstance`, `except` and subclasses accept them."""

    full_name = ""

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        warn_once(cls.full_name, f"{cls.full_name} is not supported and does nothing.")

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return unknown(f"{cls.full_name}.{name}")


@cache
def unknown(name: str) -> Any:
    """Return an object for the unknown name: calling it warns once and returns None, and so do its attributes."""
    return _Unknown(name.rpartition(".")[2], (), {"full_name": name})


def is_unknown(value: object) -> bool:
    """Return whether `value` stands for a name that is not implemented."""
    return isinstance(value, _Unknown)


class UnknownMethods:
    """Base of objects of another tracker: attributes that are not implemented are unknown names."""

    _foreign_name = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return unknown(f"{self._foreign_name}.{name}")


def accepted(function: Function) -> Function:
    """Mark a function that accepts its arguments and stores nothing."""
    function.is_accepted = True  # type: ignore[attr-defined]
    return function


def quiet(name: str) -> Callable[..., None]:
    """Return a function that accepts anything and does nothing, silently."""

    @accepted
    def accept(*arguments: Any, **options: Any) -> None:
        return None

    accept.__name__ = name
    return accept
