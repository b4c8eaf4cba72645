"""Declaration of GET routes that can be asked again: their answers have an `ETag` and are remembered.

`runicorn_site/conditional` tags, remembers and compares them. The answer of such a route depends on its address, on
rows, on what its sender may read, and on the files that `depends_on` names, and on nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from runicorn_site.web import moments

P = ParamSpec("P")
R = TypeVar("R")
View = TypeVar("View")
ATTRIBUTE, AT_A_MOMENT = "conditional", "at_a_moment"

IsCurrent = Callable[[], bool]
"""Whether files are still as an answer shows them."""


@dataclass
class Notes:
    """What is said about an answer while it is built."""

    expires: float = float("inf")
    """Until when it may be remembered, by `time.monotonic`."""
    checks: list[IsCurrent] = field(default_factory=list)
    suffices: bool = False
    """Whether the checks are all that the answer needs, without a look at folders."""


_notes: ContextVar[Notes | None] = ContextVar("notes", default=None)


def conditional(*, looks: bool) -> Callable[[View], View]:
    """Declare that GET requests of a view can be asked again.

    Args:
        looks: whether its answers follow a look at the folders of the store, as lists do. Other answers are remembered
            only if they say what they depend on by `depends_on`.
    """

    def declare(view: View) -> View:
        setattr(view, ATTRIBUTE, looks)
        return view

    return declare


def at_a_moment(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a view remembers columns of many runs by the version of the database; its answers are built each time."""

    @wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        scope = getattr(args[0], "scope", None) or {}
        with moments.at(scope.get(moments.MOMENT)):
            return view(*args, **kwargs)

    setattr(answer, AT_A_MOMENT, True)
    return answer


def is_at_a_moment(view: Any) -> bool:
    return bool(getattr(view, AT_A_MOMENT, False))


def is_conditional(view: Any) -> bool | None:
    """Return None for a view that is not declared, else whether its answers follow a look at the folders."""
    for owner in (view, getattr(view, "cls", None), getattr(view, "view_class", None)):
        looks: bool | None = getattr(owner, ATTRIBUTE, None)
        if looks is not None:
            return looks
    return None


@contextmanager
def noted() -> Iterator[Notes]:
    """Collect what is said about the answer that is built meanwhile."""
    notes = Notes()
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def is_noted() -> bool:
    """Return whether an answer is built that can be given again."""
    return _notes.get() is not None


def expires(moment: float) -> None:
    """Let the answer be remembered no longer than a moment of `time.monotonic`."""
    if (notes := _notes.get()) is not None:
        notes.expires = min(notes.expires, moment)


def is_not_remembered() -> None:
    """Let the answer be built again for each request."""
    expires(time.monotonic())


def depends_on(check: IsCurrent, *, suffices: bool = True) -> None:
    """Let the answer be remembered as long as a check says that its files are the same.

    Args:
        suffices: whether this lets answers be remembered that do not follow a look at the folders.
    """
    if (notes := _notes.get()) is not None:
        notes.checks.append(check)
        notes.suffices |= suffices
