"""`codec` restores columns bit for bit, in the expected space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metrics.store import codec
from metrics.store.columns import Values, join
from metrics.store.points import Points

wholes = st.integers(-(2**63), 2**63 - 1)
scalars = st.none() | st.floats() | wholes | st.booleans() | st.text(max_size=8)
columns = st.one_of(
    st.lists(st.floats(), max_size=40),
    st.lists(st.floats(width=32), max_size=40),
    st.lists(wholes, max_size=40),
    st.lists(st.booleans(), max_size=40),
    st.lists(st.sampled_from(["a", "b", ""]), max_size=40),
    st.lists(scalars, max_size=40),
)


def bits(values: list[object]) -> list[object]:
    """Values by type and representation: NaN equals NaN, 0.0 does not equal -0.0, and 1 is not True."""
    return [(type(value), repr(value)) for value in values]


@given(st.lists(wholes, max_size=50))
def test_whole_numbers_survive(numbers: list[int]) -> None:
    column = np.array(numbers, dtype=np.int64)
    assert codec.decode_ints(codec.encode_ints(column), len(column)).tolist() == numbers


@given(columns)
def test_values_of_every_kind_survive(values: list[object]) -> None:
    column = Values.of(values)
    assert bits(column.objects()) == bits(values)
    packed = codec.encode_values(column)
    assert bits(codec.decode_values(packed, len(values)).objects()) == bits(values)


@given(st.lists(columns, min_size=1, max_size=4), st.data())
def test_parts_and_choices_of_columns_survive(parts: list[list[object]], data: st.DataObject) -> None:
    joined = join([Values.of(part) for part in parts])
    values = [value for part in parts for value in part]
    assert bits(joined.objects()) == bits(values)
    at = data.draw(st.lists(st.integers(0, max(len(values) - 1, 0)), max_size=20)) if values else []
    selection = joined.select(np.array(at, dtype=np.intp))
    packed = codec.decode_values(codec.encode_values(selection), len(at))
    assert bits(packed.objects()) == bits([values[i] for i in at])
    assert selection.numbers().tolist() == pytest.approx([number(values[i]) for i in at], nan_ok=True)


def number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


@given(st.lists(st.tuples(wholes, wholes, st.floats(), scalars, scalars, st.booleans()), max_size=6))
@example([(0, 0, -0.0, None, None, False)])
def test_points_survive(rows: list[tuple[int, int, float, object, object, bool]]) -> None:
    row, step, time, value, stage, shadow = (
        (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 6
    )
    points = Points(
        np.array(row, dtype=np.int64),
        np.array(step, dtype=np.int64),
        np.array(time, dtype=np.float64),
        Values.of(value),
        Values.of(stage),
        np.array(shadow, dtype=bool) if shadow else None,
    )
    back = codec.decode(codec.encode(points))
    assert (back.row.tolist(), back.step.tolist()) == (row, step)
    assert bits(back.time.tolist()) == bits(time)
    assert bits(back.value.objects()) == bits(value)
    assert bits(back.stage.objects()) == bits(stage)
    assert (back.shadow is None) == (not shadow) and list(back.shadow if shadow else []) == shadow


def test_a_point_of_a_training_run_takes_few_bytes() -> None:
    count = 8192
    random = np.random.default_rng(1)
    points = Points(
        np.arange(count),
        np.arange(count) * 10,
        1.7e9 + np.cumsum(0.002 + random.random(count) / 1000),
        Values.of(random.random(count).astype(np.float32).astype(np.float64).tolist()),
        Values.nothing(count),
    )
    assert len(codec.encode(points)) / count < 6.1


def test_a_block_of_a_later_version_is_refused() -> None:
    block = bytearray(
        codec.encode(Points(*(np.zeros(1, np.int64),) * 2, np.zeros(1), *(Values.nothing(1),) * 2))
    )
    block[0] += 1
    with pytest.raises(codec.UnknownFormat):
        codec.decode(bytes(block))
