"""Columns of logged values: numbers, booleans, short texts, or a mixture, in 64 bits per value.

A metric usually has a single kind, and its column is one array and one word. Values of other kinds logged under the
same name (an integer first, floats later, `"n/a"` once) are kept unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from runs.store.lazy_numpy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray


NULL, FLOAT, INT, BOOL, TEXT = 0, 1, 2, 4, 8
MIXED = 255
"""Kind of a column with several kinds; not a kind of value."""

Ints: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float64]"
Bools: TypeAlias = "NDArray[np.bool_]"
Index: TypeAlias = "NDArray[np.intp]"

INT64 = range(-(2**63), 2**63)
_KINDS = {float: FLOAT, int: INT, bool: BOOL, str: TEXT, type(None): NULL}


@dataclass(frozen=True, slots=True)
class Values:
    """`bits[i]` interpreted as `kind` (or as `kinds[i]` in a mixed column): the bits of a float, an integer, 0 or 1, or the
    index of a text in `labels`."""

    kind: int
    bits: Ints
    labels: tuple[str, ...] = ()
    kinds: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, values: Sequence[Any]) -> Values:
        """Create a column of Python values. Integers beyond 64 bits become floats, possibly infinite."""
        types = set(map(type, values))
        if types == {float}:
            return cls(FLOAT, np.array(values, dtype=np.float64).view(np.int64))
        if types == {int} and _within_64_bits(values):
            return cls(INT, np.array(values, dtype=np.int64))
        if types == {bool}:
            return cls(BOOL, np.array(values, dtype=np.int64))
        if types == {str}:
            codes = {label: code for code, label in enumerate(dict.fromkeys(values))}
            return cls(TEXT, np.array([codes[label] for label in values], dtype=np.int64), tuple(codes))
        if types <= {type(None)}:
            return cls.nothing(len(values))
        return _of_any(values)

    @classmethod
    def nothing(cls, count: int) -> Values:
        """Create a column of `count` missing values."""
        return cls(NULL, np.broadcast_to(np.int64(0), (count,)))

    def __len__(self) -> int:
        return len(self.bits)

    def select(self, at: Index | slice | Bools) -> Values:
        if self.kinds is None:
            return Values(self.kind, self.bits[at], self.labels)
        return _mixed(self.bits[at], self.labels, self.kinds[at])

    def mask(self) -> int:
        """Return the kinds that occur, as bits."""
        if self.kinds is None:
            return self.kind if len(self) else 0
        return int(np.bitwise_or.reduce(self.kinds)) if len(self) else 0

    def where(self, kind: int) -> Bools:
        if self.kinds is None:
            return np.full(len(self), self.kind == kind)
        mask: Bools = self.kinds == kind
        return mask

    def numbers(self) -> Floats:
        """Return floats, NaN where the value is not a number."""
        if self.kind == FLOAT:
            return self.bits.view(np.float64)
        if self.kind in (INT, BOOL):
            return self.bits.astype(np.float64)
        if self.kinds is None:
            return np.full(len(self), np.nan)
        floats = np.where(self.kinds == FLOAT, self.bits.view(np.float64), self.bits.astype(np.float64))
        return np.where((self.kinds == TEXT) | (self.kinds == NULL), np.nan, floats)

    def heights(self) -> Floats:
        """Return the y values of a curve: numbers, or indexes of labels if everything is text."""
        return self.bits.astype(np.float64) if self.kind == TEXT else self.numbers()

    def objects(self) -> list[Any]:
        """Return the original Python values."""
        if self.kind == NULL:
            return [None] * len(self)
        if self.kind == TEXT:
            return [self.labels[code] for code in self.bits.tolist()]
        if self.kind != MIXED:
            plain: list[Any] = self._array().tolist()
            return plain
        out = np.empty(len(self), dtype=object)
        for kind in (FLOAT, INT, BOOL, TEXT):
            at = np.flatnonzero(self.where(kind))
            out[at] = Values(kind, self.bits[at], self.labels).objects()
        mixed: list[Any] = out.tolist()
        return mixed

    def _array(self) -> NDArray[Any]:
        return (
            self.bits.view(np.float64)
            if self.kind == FLOAT
            else self.bits.astype(np.int64 if self.kind == INT else np.bool_)
        )


def ascending(positions: Index) -> Index:
    """Return the distinct positions in ascending order, as `np.unique` does, which imports masked arrays for 20 ms."""
    ordered = np.sort(positions)
    is_new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    distinct: Index = ordered[is_new]
    return distinct


def join(parts: Sequence[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    kinds = {part.kind for part in parts if len(part)}
    if len(kinds) == 1 and kinds <= {NULL, FLOAT, INT, BOOL}:
        return Values(kinds.pop(), np.concatenate([part.bits for part in parts]))
    labels: dict[str, int] = {}
    bits = [_relabelled(part, labels) for part in parts]
    if len(kinds) == 1 and kinds == {TEXT}:
        return Values(TEXT, np.concatenate(bits), tuple(labels))
    return _mixed(np.concatenate(bits), tuple(labels), np.concatenate([_spread(part) for part in parts]))


def _within_64_bits(values: Sequence[Any]) -> bool:
    return min(values) in INT64 and max(values) in INT64


def _of_any(values: Sequence[Any]) -> Values:
    labels: dict[str, int] = {}
    bits = np.zeros(len(values), dtype=np.int64)
    floats = bits.view(np.float64)
    kinds = np.fromiter((_KINDS[type(value)] for value in values), dtype=np.uint8, count=len(values))
    for i, value in enumerate(values):
        if isinstance(value, str):
            bits[i] = labels.setdefault(value, len(labels))
        elif isinstance(value, float):
            floats[i] = value
        elif value is not None and value in INT64:
            bits[i] = value
        elif value is not None:
            floats[i], kinds[i] = _as_float(value), FLOAT
    return _mixed(bits, tuple(labels), kinds)


def _as_float(integer: int) -> float:
    try:
        return float(integer)
    except OverflowError:
        return np.inf if integer > 0 else -np.inf


def _mixed(bits: Ints, labels: tuple[str, ...], kinds: NDArray[np.uint8]) -> Values:
    if len(kinds) == 0:
        return Values.nothing(0)
    if (kinds == kinds[0]).all():
        return Values(int(kinds[0]), bits, labels if kinds[0] == TEXT else ())
    return Values(MIXED, bits, labels, kinds)


def _spread(part: Values) -> NDArray[np.uint8]:
    return np.full(len(part), part.kind, dtype=np.uint8) if part.kinds is None else part.kinds


def _relabelled(part: Values, labels: dict[str, int]) -> Ints:
    """Return the bits of `part` with its texts numbered by `labels`, which grows."""
    if not part.labels:
        return part.bits
    codes = np.array([labels.setdefault(label, len(labels)) for label in part.labels], dtype=np.int64)
    if part.kinds is None:
        return codes[part.bits]
    texts = part.kinds == TEXT
    bits = part.bits.copy()
    bits[texts] = codes[bits[texts]]
    return bits
