"""Submodules of another tracker without a counterpart here, such as `wandb.sdk.lib`.

Their names are those of the tracker's top module, and otherwise unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module, util
from types import ModuleType
from typing import Any

from runicorn.compat.unknown import unknown


class _EmptyModule(ModuleType):
    def __init__(self, name: str, root: ModuleType) -> None:
        super().__init__(name, __doc__)
        self.__path__: list[str] = []
        self._root = root

    def __getattr__(self, name: str) -> Any:
        return resolve(self.__name__, self._root, name)


def exists(module: str) -> bool:
    """Return whether a module of ours exists."""
    try:
        return util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent does not exist
        return False


@cache
def counterpart(module: str) -> str:
    """Return the module of ours for `runicorn.compat.wandb.xgboost` and the like; "" without one.

    Callbacks of W&B are in `wandb.integration.keras`, in parts of it, and under the older name `wandb.keras`; datasets of
    MLflow are in `mlflow.data` and in parts of it.
    """
    if exists(module):
        return module
    above, _, name = module.rpartition(".")
    if exists(f"{above}.integration.{name}"):
        return f"{above}.integration.{name}"
    part = above
    while ".integration." in part or part.endswith(".mlflow.data"):
        if exists(part):
            return part
        part = part.rpartition(".")[0]
    return ""


def names_of(module: str, root: str) -> Callable[[str], Any]:
    """Return `__getattr__` for a module of ours.

    Args:
        module: its foreign name.
        root: our top module of the tracker.
    """
    return lambda name: resolve(module, sys.modules[root], name)


def empty_module(name: str, root: ModuleType) -> ModuleType:
    """Return a module without content, whose names are looked up in `root`."""
    return sys.modules.get(name) or _EmptyModule(name, root)


def resolve(module: str, root: ModuleType, name: str) -> Any:
    """Return the object for `name` in a module of another tracker.

    Args:
        module: the foreign name of the module.
        root: our top module of the tracker. Its `SUBMODULES` lists names of foreign sub-modules.

    Raises:
        AttributeError: it is private.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    if name in vars(root) and not isinstance(vars(root)[name], ModuleType):
        return vars(root)[name]
    if name in vars(root).get("SUBMODULES", ()):
        ours = counterpart(f"{root.__name__}.{name}")
        return import_module(ours) if ours else empty_module(f"{module}.{name}", root)
    return unknown(f"{module}.{name}")
