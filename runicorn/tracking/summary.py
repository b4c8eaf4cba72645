"""Summary of a run and its best metric, in `summary.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from runicorn.store import layout
from runicorn.store.config_objects import items_of
from runicorn.store.run_folder import RunFolder
from runicorn.store.values import NotLoggable, jsonable, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODES = ("max", "min")


class Summary:
    """Merge updates of the summary, and keep the best value of the primary metric.

    Attributes:
        primary: name of the primary metric, or None.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.primary: str | None = None
        self._mode = "max"
        self._best: float | None = None
        self._best_step: int | None = None
        self._folder = folder

    def merge(self, update: Mapping[Any, Any]) -> None:
        """Set the keys of `update` and keep the others; what JSON cannot represent is reported and left out."""
        items = items_of(update)
        if items is None:
            text = f"A summary is a dict, not {type(update).__name__}; nothing was added to it."
            self._folder.notices.once("summary", text)
            return
        changes = {}
        for key, value in items.items():
            name = text_of(key)
            try:
                changes[name] = jsonable(value)
            except NotLoggable:
                kind = type(value).__name__
                text = f"{name!r} is a {kind} and was not added to the summary: JSON cannot represent it."
                self._folder.notices.once(f"summary {name}", text)
        with self._folder.exclusive():
            self._folder.write(layout.SUMMARY, {**self._folder.read(layout.SUMMARY), **changes})

    def set_primary(self, name: str, mode: str) -> None:
        """Set the primary metric and write its name and mode at once. A resumed run keeps its best value.

        Raises:
            ValueError: `mode` is neither "max" nor "min".
        """
        if mode not in MODES:
            raise ValueError(f"Mode must be 'max' or 'min', got {mode!r}")
        if (self.primary, self._mode) == (name, mode):
            return
        with self._folder.exclusive():
            before = self._folder.read(layout.SUMMARY)
            self._mode, self._best, self._best_step = mode, None, None
            if (before.get("best_metric_name"), before.get("best_metric_mode")) == (name, mode):
                self.observe({name: before.get("best_metric_value")}, before.get("best_metric_step"), name)
            self.primary = name
            others = {key: value for key, value in before.items() if not key.startswith("best_metric_")}
            self._folder.write(layout.SUMMARY, {**others, **self._best_entry()})

    def observe(self, values: Mapping[str, Any], step: Any, name: str | None = None) -> None:
        """Update the best value from a record; NaN, infinities and booleans are ignored."""
        value: Any = values.get(name or self.primary or "")
        if type(value) not in (int, float) or not math.isfinite(value):
            return
        better = self._best is None or (value > self._best if self._mode == "max" else value < self._best)
        if better:
            self._best, self._best_step = value, step

    def settle(self) -> None:
        """Write the best value, if there is one."""
        if self.primary is not None:
            self.merge(self._best_entry())

    def _best_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"best_metric_name": self.primary, "best_metric_mode": self._mode}
        if self._best is not None:
            entry |= {"best_metric_value": self._best, "best_metric_step": self._best_step}
        return entry
