"""Random journals, appended at random byte offsets, and every read compared with the naive parser."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.ingest.catch_up import catch_up
from metrics.ingest.journal_summary import metric_stats
from runicorn.store import layout
from runs.models import RunMetric
from tests.server.metrics.agreement import check_everything
from tests.server.metrics.journals import Scribe, append, new_run, path_of

pytestmark = pytest.mark.usefixtures("small_pieces")
numbers = count()
seeds = given(st.integers(0, 2**48))
relaxed = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def live_through(seed: int) -> None:
    """A journal grows piece by piece; in between it is taken in, and sometimes cut off or replaced."""
    random = Random(seed)
    run, content = new_run(next(numbers)), b""
    run.status = layout.RUNNING
    scribe = Scribe(random)
    for _ in range(random.randint(1, 5)):
        if content and random.random() < 0.15:
            content = content[: random.randrange(len(content))] if random.random() < 0.5 else b""
            path_of(run).write_bytes(content)
            catch_up(run, wait=60)
        piece = scribe.lines(random.choice([1, 5, 40, 150]))
        while piece:
            some, piece = piece[: (cut := random.randint(1, 4000))], piece[cut:]
            append(run, some)
            content += some
            if random.random() < 0.7:
                assert catch_up(run, wait=60) == 0
    if random.random() < 0.5:
        last = scribe.lines(1).removesuffix(b"\n")
        append(run, last)
        content += last
        assert catch_up(run, wait=60) == 0
    run.status = "finished"
    assert catch_up(run, wait=60) == 0
    check_everything(run, content, random)


@seeds
@settings(max_examples=8, suppress_health_check=relaxed)
def test_every_read_agrees_with_a_random_journal(store: Path, seed: int) -> None:
    live_through(seed)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(5))
@seeds
@settings(max_examples=200, suppress_health_check=relaxed)
def test_every_read_agrees_with_a_thousand_random_journals(store: Path, part: int, seed: int) -> None:
    live_through(seed)


def test_the_last_text_of_a_metric_is_the_same_with_and_without_a_database(store: Path) -> None:
    run, line = (
        new_run(next(numbers)),
        b'{"ts": 1.7e9, "type": "metrics", "data": {"phase": "%s", "global_step": 1}}\n',
    )
    run.status = layout.FINISHED
    append(run, line % (b"x" * 300))
    assert catch_up(run, wait=60) == 0
    of_journal = metric_stats(run.path)["phase"].last_text
    assert of_journal == "x" * 255 == RunMetric.objects.get(run=run, key="phase").last_text
