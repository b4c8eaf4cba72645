"""A rule of a script and one of the server fire at the same point, however the points are divided into batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from alerts.kinds import streaks, threshold
from alerts.kinds.base import Condition, Memory, SeriesChunk
from runicorn import AlertRule, MetricMonitor
from runicorn.alerts.evaluation import episodes

VALUES = st.lists(st.sampled_from([0.0, 1.0, float("nan")]), min_size=1, max_size=30)
NEED = st.integers(1, 4)


@given(VALUES, NEED)
def test_a_script_and_the_server_fire_first_at_the_same_point(values: list[float], need: int) -> None:
    monitor = MetricMonitor()
    monitor.add_rule(AlertRule("m", "gt", 0.5, consecutive_count=need))
    alarms = [n for n, value in enumerate(values) if monitor.check_metrics({"m": value})]
    number = np.arange(len(values))
    chunk = SeriesChunk("m", "min", number, number.astype(float), np.array(values))
    changes, _ = threshold.judge(
        Condition("threshold", metric="m", op=">", value=0.5, points=need), chunk, []
    )
    assert [int(change.at) for change in changes if change.began] == alarms[:1]


@given(
    st.lists(st.sampled_from([1, 1, 1, 2, 3, 6]), min_size=streaks.FEW + 2, max_size=80),
    st.booleans(),
    NEED,
    st.just([]) | st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.integers(0, 5)),
)
def test_many_streaks_have_the_result_of_all_of_them(
    lengths: list[int], is_bad: bool, need: int, memory: Sequence[float]
) -> None:
    bad = np.repeat((np.arange(len(lengths)) % 2 == 0) == is_bad, lengths)
    assert streaks.changes(bad, need, list(memory)) == episodes(is_bad, lengths, need, list(memory))


@given(st.lists(st.booleans(), min_size=1, max_size=40), NEED, st.lists(st.integers(1, 39)))
def test_batches_do_not_change_what_a_rule_remembers(bad: list[bool], need: int, cuts: list[int]) -> None:
    one_by_one: Memory = []
    points: list[tuple[bool, int]] = []
    for n, is_bad in enumerate(bad):
        changes, one_by_one = episodes(is_bad, [1], need, one_by_one)
        points += [(began, n) for began, _ in changes]
    memory: Memory = []
    reached: list[tuple[bool, int]] = []
    for start, stop in pairwise(sorted({0, len(bad), *(cut for cut in cuts if cut < len(bad))})):
        changes, memory = streaks.changes(np.array(bad[start:stop]), need, memory)
        reached += [(began, start + at) for began, at in changes]
    assert memory == one_by_one
    assert set(reached) <= set(points)
    assert reached[:1] == points[:1]
    assert len(cuts) or reached == [
        *points[:1],
        *([points[-1]] if len(points) > 1 and not points[-1][0] else []),
    ]
