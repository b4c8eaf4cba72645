"""`NamedTuple` without `typing`, whose import takes as long as twenty modules of this package.

Type checkers read the name from `typing`:

    if TYPE_CHECKING:
        from typing import NamedTuple
    else:
        from runicorn.named_tuple import NamedTuple
"""

from __future__ import annotations

from collections import namedtuple


class _Definition(type):
    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, object]) -> type:
        if not bases:
            return super().__new__(cls, name, bases, members)
        fields: dict[str, str] = members["__annotations__"]  # type: ignore[assignment]
        defaults = [members.pop(field) for field in fields if field in members]
        base = namedtuple(name, fields, defaults=defaults, module=str(members["__module__"]))  # type: ignore[misc]
        for member, value in members.items():
            if member not in ("__module__", "__qualname__"):
                setattr(base, member, value)
        base.__qualname__ = str(members["__qualname__"])
        return base


class NamedTuple(metaclass=_Definition):
    """Base of named tuples that are defined as those of `typing`; their module defers annotations."""
