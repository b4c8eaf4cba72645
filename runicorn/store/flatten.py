"""Flatten nested settings to dotted keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runicorn.store.config_objects import KINDS, items_of
from runicorn.store.values import DEPTH, described, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def flatten(settings: Any) -> dict[str, Any]:
    """Return nested settings as one level: `{"optim": {"lr": 1}}` becomes `{"optim.lr": 1}`. Lists stay lists.

    Raises:
        TypeError: `settings` has no named parts, see `runicorn.store.config_objects`.
    """
    items = items_of(settings)
    if items is None:
        raise TypeError(f"A config is {KINDS}, not {type(settings).__name__}.")
    return dict(_walk("", items, 0))


def _walk(prefix: str, items: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in items.items():
        inner = items_of(value) if depth < DEPTH else None
        name = f"{prefix}{text_of(key)}"
        if inner:
            yield from _walk(f"{name}.", inner, depth + 1)
        else:
            yield name, described({} if inner is not None else value)
