"""The configuration of a run: nested settings as dotted keys, kept in `config.json`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from runicorn.store import layout
from runicorn.store.run_folder import RunFolder
from runicorn.store.values import DEPTH, described

if TYPE_CHECKING:
    from runicorn.capture.redaction import Masking


def _items(settings: Any) -> Mapping[Any, Any] | None:
    """The named parts of a mapping, an argparse namespace or a dataclass; `None` for anything else."""
    if isinstance(settings, Mapping):
        return settings
    if not isinstance(settings, type) and hasattr(settings, "__dataclass_fields__"):
        return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    argparse = sys.modules.get("argparse")  # not loaded: then nobody has made a namespace with it
    if isinstance(settings, SimpleNamespace) or (argparse and isinstance(settings, argparse.Namespace)):
        return vars(settings)
    return None


def flatten(settings: Any) -> dict[str, Any]:
    """Nested settings as one level: `{"optim": {"lr": 1}}` becomes `{"optim.lr": 1}`. Lists stay lists.

    Raises:
        TypeError: `settings` is no mapping, argparse namespace or dataclass.
    """
    parts = _items(settings)
    if parts is None:
        kind = type(settings).__name__
        raise TypeError(f"A config is a dict, an argparse namespace or a dataclass, not {kind}.")
    return dict(_walk("", parts, 0))


def _walk(prefix: str, parts: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in parts.items():
        inner = _items(value) if depth < DEPTH else None
        if inner:
            yield from _walk(f"{prefix}{key}.", inner, depth + 1)
        else:
            yield f"{prefix}{key}", described({} if inner is not None else value)


class Config(MutableMapping[str, Any]):
    """The settings of a run by dotted key; every change is in `config.json` when the statement has ended.

    Secrets are masked in the file and unchanged here: the training may need them.
    """

    def __init__(self, folder: RunFolder | None = None) -> None:
        self._folder = folder
        self._values: dict[str, Any] = {}
        self._masking: Masking | None = None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._save({}, removed=key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Config({self._values!r})"

    def update(self, other: Any = (), /, **settings: Any) -> None:
        """Take settings over, nested ones under dotted keys, and write the file once.

        Raises:
            TypeError: `other` is no mapping, argparse namespace, dataclass or list of pairs.
        """
        named = dict(other) if isinstance(other, list | tuple) else other
        changed = {**flatten(named), **flatten(settings)}
        self._values |= changed
        self._save(changed)

    def load(self) -> None:
        """Take over what the file of a resumed run holds."""
        if self._folder is not None:
            self._values = self._folder.read(layout.CONFIG)

    def _save(self, changed: dict[str, Any], removed: str | None = None) -> None:
        if self._folder is None:
            return
        with self._folder.exclusive():
            # Another process may write this run too: its settings are in the file and not here.
            before = self._folder.read(layout.CONFIG) or self._masked(self._values)
            before.pop(removed, None)  # type: ignore[arg-type]
            self._folder.write(layout.CONFIG, {**before, **self._masked(changed)})

    def _masked(self, settings: dict[str, Any]) -> dict[str, Any]:
        if self._masking is None:
            from runicorn.capture.redaction import Masking

            self._masking = Masking(os.environ)
        return {key: self._masking.setting(key, value) for key, value in settings.items()}
