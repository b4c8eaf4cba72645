"""Names of another tracker that are not implemented: inert objects, whose first use is reported once."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType, MethodType
from typing import Any, TypeVar

from runicorn.store.notices import say

Function = TypeVar("Function", bound=Callable[..., Any])
HOOKS = ("on_", "before_", "after_", "setup", "teardown")
"""Beginnings of methods whose result a library may interpret: those of callbacks return None."""
RESULTS = (
    *("create_", "evaluate", "fetch_", "from_", "get_", "list_", "load_", "query_", "read_", "register_"),
    *("search_", "start_", "use_"),
)
MADE = (
    *("callback", "client", "context", "handler", "hook", "logger", "model", "span", "tracer", "tracker"),
    "writer",
)
"""Beginnings and ends of names of functions whose result scripts use; all other unknown functions return None."""
ERRORS = ("Error", "Exception", "Warning")
PROTOCOLS = frozenset(
    {
        "as_dict",
        "detach",
        "gcf",
        "isoformat",
        "item",
        "itertuples",
        "ndim",
        "savefig",
        "shape",
        "to_plotly_json",
        "tolist",
    }
)
"""Attributes by which arrays, data frames, figures and dates are recognized; inert objects lack them."""
_warned: set[str] = set()


def warn_once(name: str, text: str) -> None:
    """Print `text` unless something was printed for `name` before."""
    if name not in _warned:
        _warned.add(name)
        say(text)


class _Empty:
    """The protocols of containers, context managers and numbers, without content."""

    full_name = ""

    def __repr__(self) -> str:
        return f"<{self.full_name}, not supported>"

    def __format__(self, specification: str) -> str:
        return str(self)

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__


class _Unknown(_Empty, ABCMeta):
    """Type of unknown names: classes, so that `isinstance` and subclasses accept them."""

    returns_none = False

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        warn_once(cls.full_name, f"{cls.full_name} is not supported and does nothing.")
        if _is_decorated(arguments, options):
            return arguments[0]
        name = cls.full_name.rpartition(".")[2]
        if "full_name" in vars(cls) and (cls.returns_none or name.startswith(HOOKS)):
            return None
        return super().__call__(*arguments, **options)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_") or name in PROTOCOLS:
            raise AttributeError(name)
        return unknown(f"{cls.full_name}.{name}", of_inert=not cls.returns_none)


class _Instance(_Empty):
    """Instance of an unknown class, or the result of an unknown function."""

    returns_none = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        return None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return arguments[0] if _is_decorated(arguments, options) else None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in PROTOCOLS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return unknown(f"{self.full_name}.{name}", of_inert=True)


def _is_decorated(arguments: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Return whether a call looks like that of a decorator: the function has to be called all the same."""
    return (
        len(arguments) == 1
        and not options
        and isinstance(arguments[0], (FunctionType, MethodType, type))
        and not is_unknown(arguments[0])
    )


@cache
def unknown(name: str, *, of_inert: bool = False) -> Any:
    """Return an inert class for the unknown name: calls warn once, and attributes are inert, too.

    A function returns None, but an inert object if its name promises a result (`get_model`) or if it is `of_inert`, a
    method of an inert object: with these a script goes on.
    """
    last = name.rpartition(".")[2]
    if last.endswith(ERRORS):  # for `except`, which accepts nothing else
        return type(last, (Exception,), {"full_name": name})
    has_result = of_inert or not last[:1].islower() or last.startswith(RESULTS) or last.endswith(MADE)
    return _Unknown(last, (_Instance,), {"full_name": name, "returns_none": not has_result})


def is_unknown(value: object) -> bool:
    """Return whether `value` stands for a name that is not implemented."""
    return isinstance(value, _Unknown) or (isinstance(value, type) and "full_name" in vars(value))


class UnknownMethods:
    """Base of objects of another tracker: attributes that are not implemented are unknown names."""

    _foreign_name = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in PROTOCOLS:
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
