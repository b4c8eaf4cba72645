"""Configuration of a run: flat settings in `config.json`."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping

from runicorn.store import fork_lock, layout
from runicorn.store.flatten import flatten
from runicorn.store.notices import Notices
from runicorn.store.run_folder import RunFolder
from runicorn.store.values import finite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runicorn.capture.redaction import Masking

    Settings = MutableMapping[str, Any]
else:
    Settings = MutableMapping


class Config(Settings):
    """Settings of a run by dotted key; every change is written to `config.json` immediately.

    Secrets are masked, and NaN and infinities replaced by their names, in the file only: the training may need them.
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
        """Add settings, nested ones under dotted keys, and write the file once.

        Args:
            other: a mapping, an argparse namespace, a dataclass, an object of pydantic, attrs or OmegaConf, or a list of
                pairs; anything else is reported once and left out.
            settings: further settings.
        """
        try:
            named = (
                dict(other) if isinstance(other, (list, tuple)) and not hasattr(other, "_fields") else other
            )
            changed = {**flatten(named), **flatten(settings)}
        except (TypeError, ValueError) as error:
            notices = Notices() if self._folder is None else self._folder.notices
            notices.once("config", f"the config was not changed: {error}")
            return
        self._values |= changed
        self._save(changed)

    def load(self) -> None:
        """Add the settings in the file of a resumed run."""
        if self._folder is not None:
            self._values = self._folder.read(layout.CONFIG)

    def _save(self, changed: dict[str, Any], removed: str | None = None) -> None:
        if self._folder is None:
            return
        with self._folder.exclusive():
            # Another process may write this run too: its settings are only in the file.
            before = self._folder.read(layout.CONFIG) or self._masked(self._values)
            before.pop(removed, None)  # type: ignore[arg-type]
            self._folder.write(layout.CONFIG, {**before, **self._masked(changed)})

    def _masked(self, settings: dict[str, Any]) -> dict[str, Any]:
        if self._masking is None:
            with fork_lock.lock():
                from runicorn.capture.redaction import Masking

            self._masking = Masking(os.environ)
        return {key: finite(self._masking.setting(key, value)) for key, value in settings.items()}
