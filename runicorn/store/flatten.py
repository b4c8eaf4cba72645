"""Flatten nested settings to dotted keys."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from runicorn.store.values import DEPTH, described


def flatten(settings: Any) -> dict[str, Any]:
    """Return nested settings as one level: `{"optim": {"lr": 1}}` becomes `{"optim.lr": 1}`. Lists stay lists.

    Raises:
        TypeError: `settings` is not a mapping, argparse namespace or dataclass.
    """
    items = _items(settings)
    if items is None:
        kind = type(settings).__name__
        raise TypeError(f"A config is a dict, an argparse namespace or a dataclass, not {kind}.")
    return dict(_walk("", items, 0))


def _items(settings: Any) -> Mapping[Any, Any] | None:
    """Return the items of a mapping, an argparse namespace or a dataclass; `None` for anything else."""
    if isinstance(settings, Mapping):
        return settings
    if not isinstance(settings, type) and hasattr(settings, "__dataclass_fields__"):
        return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    argparse = sys.modules.get("argparse")  # a namespace cannot exist unless the module is loaded
    if isinstance(settings, SimpleNamespace) or (argparse and isinstance(settings, argparse.Namespace)):
        return vars(settings)
    return None


def _walk(prefix: str, items: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in items.items():
        inner = _items(value) if depth < DEPTH else None
        if inner:
            yield from _walk(f"{prefix}{key}.", inner, depth + 1)
        else:
            yield f"{prefix}{key}", described({} if inner is not None else value)
