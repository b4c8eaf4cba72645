"""Import of our modules under the names of other trackers: a meta path finder, and their distributions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module, util
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from runicorn.compat.empty_modules import counterpart, empty_module, exists

MODULES = {
    "wandb": "runicorn.compat.wandb",
    "trackio": "runicorn.compat.trackio",
    "mlflow": "runicorn.compat.mlflow",
    "tensorboardX": "runicorn.compat.tensorboard",
    "torch.utils.tensorboard": "runicorn.compat.tensorboard",
}
"""Foreign modules and ours in their place."""
SITE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")


class ShimFinder(MetaPathFinder):
    """Find the modules in `MODULES`, everything below them, and their metadata."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a foreign module, installed or not."""
        root = next((root for root in MODULES if name == root or name.startswith(f"{root}.")), None)
        if root is None:
            return None
        ours = MODULES[root] + name.removeprefix(root)
        is_package = not name.endswith(".__main__")
        return ModuleSpec(name, ShimLoader(root, ours), origin=ours, is_package=is_package)

    def find_distributions(self, context: Any = None) -> Iterable[Any]:
        """Return the distribution of a foreign module: libraries ask whether one of some version is installed."""
        name = str(getattr(context, "name", None) or "")
        if name not in MODULES or "." in name:
            return []
        from runicorn.compat.distribution import ShimDistribution

        return [ShimDistribution(name, import_module(MODULES[name]).__version__)]


class ShimLoader(Loader):
    """Load one of our modules, or an empty one, under a foreign name.

    Args:
        root: the foreign top module.
        ours: the module of ours that would correspond.
    """

    def __init__(self, root: str, ours: str) -> None:
        self.root, self.ours = root, ours
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return our module itself: both names share its state."""
        ours = counterpart(self.ours)
        if not ours:
            return empty_module(spec.name, import_module(MODULES[self.root]))
        module = import_module(ours)
        self._spec = module.__spec__
        return module

    def get_code(self, name: str) -> Any:
        """Return the code of our module, for `-m`."""
        spec = util.find_spec(self.ours) if exists(self.ours) else None
        return None if spec is None or spec.loader is None else spec.loader.get_code(self.ours)  # type: ignore[attr-defined]

    def exec_module(self, module: ModuleType) -> None:
        """Restore what the import system has replaced."""
        if self._spec is not None:
            module.__spec__ = self._spec


def install() -> None:
    """Serve our modules under foreign names in this process; a second call does nothing."""
    if not any(isinstance(finder, ShimFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ShimFinder())


def install_in_children() -> None:
    """Serve them in Python processes that this one starts, too: `site` has a `sitecustomize` for them."""
    before = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [SITE, *(path for path in before if path and path != SITE)]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def without_shims(environment: dict[str, str]) -> dict[str, str]:
    """Return an environment whose Python processes import the real libraries."""
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path and path != SITE]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
