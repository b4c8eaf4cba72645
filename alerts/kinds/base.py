"""Base types of alert rule kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import translate
from functools import cached_property, lru_cache
from re import Pattern, compile
from typing import Any, Literal, TypeVar

from metrics.store.columns import Bools, Floats, Ints
from runicorn.json_value import JsonObject
from runs.store.lazy_numpy import np

Memory = list[float]
"""Numbers that a rule remembers of a series; [] at first. See `runicorn.alerts.evaluation` for those of episodes."""

ANY = "*?"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a rule. `metric` may contain `*` and `?`; "" is any."""

    kind: str
    states: tuple[str, ...] = ()
    metric: str = ""
    op: str = ""
    value: float | None = None
    points: int | None = None
    minutes: float | None = None
    z: float | None = None
    samples: str = ""

    def covers(self, name: str) -> bool:
        if not self.metric or self.metric == name:
            return True
        return any(sign in self.metric for sign in ANY) and bool(_pattern(self.metric).match(name))

    def to_dict(self) -> JsonObject:
        fields: JsonObject = {
            name: value for name, value in asdict(self).items() if value not in ("", (), None)
        }
        return fields | ({"states": list(self.states)} if self.states else {})


@lru_cache(maxsize=1000)
def _pattern(text: str) -> Pattern[str]:
    # Brackets are common in names of metrics.
    return compile(translate(text.replace("[", "[[]")))


class SeriesChunk:
    """New points of one series in the order of the journal; `mode` is whether its best value is the "max" or "min"."""

    def __init__(self, name: str, mode: str, step: Ints, time: Floats, value: Floats) -> None:
        self.name, self.mode = name, mode
        self.step, self.time, self.value = step, time, value
        self._shared: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.value)

    def shared(self, key: Any, compute: Callable[[], T]) -> T:
        """Return a value that rules share by its key; the first one computes it."""
        if key not in self._shared:
            self._shared[key] = compute()
        value: T = self._shared[key]
        return value

    @cached_property
    def finite(self) -> Bools:
        mask: Bools = np.isfinite(self.value)
        return mask

    @cached_property
    def all_finite(self) -> bool:
        """Return whether there is neither NaN nor infinity."""
        return bool(self.finite.all())

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Return the lowest and the highest value; NaN if there is one."""
        return float(self.value.min()), float(self.value.max())


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """A condition that began or ceased to hold.

    Attributes:
        text: English sentence with places for `details`, marked for translation.
    """

    began: bool
    at: float
    text: str
    details: dict[str, str]
    value: float | None = None


Judge = Callable[[Condition, SeriesChunk, Memory], tuple[list[ConditionChange], Memory]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule.

    Attributes:
        required: fields of `Condition` that must be given.
        optional: further fields that may be given.
        lane: the series that `judge` judges; None for a rule of the timer.
        either: one of these fields must be given.
    """

    name: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    lane: Literal["metric", "gpu"] | None = None
    judge: Judge | None = None
    either: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.required, *self.either, *self.optional)


def parsed(content: dict[str, Any]) -> Condition:
    return Condition(**{**content, "states": tuple(content.get("states", ()))})


def number(value: float) -> str:
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.6g}"


def where(chunk: SeriesChunk, at: int) -> dict[str, str]:
    """Return metric, value and step of a point for a sentence."""
    return {
        "metric": chunk.name,
        "value": number(float(chunk.value[at])),
        "step": f"{int(chunk.step[at]):,}",
    }


def value_at(chunk: SeriesChunk, at: int) -> float | None:
    value = float(chunk.value[at])
    return value if np.isfinite(value) else None
