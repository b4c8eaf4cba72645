"""A config with attributes and nested values, as other trackers have it, written to the config of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from runicorn.compat.unknown import warn_once
from runicorn.store.flatten import flatten
from runicorn.store.values import described
from runicorn.tracking.run import Run


class ConfigView(MutableMapping[str, Any]):
    """Settings by name; `config.lr`, `config["lr"]` and `config.update({"lr": 1})` mean the same.

    Values keep their types in memory; the run stores nested ones as `optim.lr`.

    Args:
        values: settings that are stored already.
        also: function that passes calls on to another tracker.
        refusal: error raised when a value is changed without `allow_val_change`; None if it may be.
    """

    def __init__(
        self,
        run: Run | None,
        values: Mapping[str, Any] | None = None,
        also: Callable[..., None] | None = None,
        refusal: type[Exception] | None = None,
    ) -> None:
        self.__dict__["_run"] = run
        self.__dict__["_also"] = also
        self.__dict__["_values"] = dict(values or {})
        self.__dict__["_locked"] = frozenset()
        self.__dict__["_refusal"] = refusal

    def lock(self, keys: Iterable[str]) -> None:
        """Ignore further changes of some settings: those that a sweep has chosen."""
        self.__dict__["_locked"] = frozenset(keys)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        config: Any = {} if self._run is None else self._run.config
        for name in [name for name in config if name == key or name.startswith(f"{key}.")]:
            del config[name]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(f"the config has no value {name!r}") from None

    __setattr__ = __setitem__

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __repr__(self) -> str:
        return repr(self._values)

    def __reduce__(self) -> Any:
        # A copy belongs to no run.
        return ConfigView, (None, dict(self._values))

    def __str__(self) -> str:
        return str(self._values)

    def update(self, other: Any = (), /, allow_val_change: bool | None = None, **values: Any) -> None:
        """Add settings of a mapping, an argparse namespace, a dataclass or keywords.

        Raises:
            Exception: the tracker's error; a value was changed without `allow_val_change`.
        """
        added = self._unlocked({**as_mapping(other), **values})
        if self._refusal is not None and not allow_val_change:
            for key, value in added.items():
                if key in self._values and described(value) != described(self._values[key]):
                    raise self._refusal(
                        f"Attempted to change value of key {key!r} from {self._values[key]!r} to {value!r}. If you "
                        "really want to do this, pass allow_val_change=True to config.update()"
                    )
        self._values.update(added)
        if self._run is not None:
            self._run.config.update(added)
        if self._also is not None:
            self._also("config.update", added, allow_val_change=True)

    def _unlocked(self, added: dict[str, Any]) -> dict[str, Any]:
        for key in self._locked & added.keys():
            if added[key] != self._values.get(key):
                text = f"the sweep has chosen {key} = {self._values.get(key)!r}; the change to {added[key]!r} was ignored."
                warn_once(f"locked {key}", text)
        return {key: value for key, value in added.items() if key not in self._locked}

    def setdefaults(self, values: Mapping[str, Any]) -> None:
        """Add settings that are missing."""
        self.update({key: value for key, value in values.items() if key not in self._values})

    def as_dict(self) -> dict[str, Any]:
        return dict(self._values)

    def persist(self) -> None:
        """Do nothing: every change is written at once."""


def as_mapping(values: Any) -> dict[str, Any]:
    """Return settings of a mapping, an argparse namespace, a dataclass or pairs; nested ones stay nested."""
    if isinstance(values, Mapping):
        return {str(key): value for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return dict(values)
    if hasattr(values, "as_dict"):
        return dict(values.as_dict())
    shallow = getattr(values, "__dict__", None)
    return dict(shallow) if shallow and not hasattr(values, "__dataclass_fields__") else flatten(values)
