"""`kill -9` at any moment of an ingest: committed points stay, the next pass adds the rest, each once."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.models import Journal
from runs.models import Run
from tests.server.metrics.agreement import check_everything
from tests.server.metrics.ingesting import start
from tests.server.metrics.journals import Scribe, append, new_run
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("small_pieces")


def offset(run: Run) -> int:
    return Journal.objects.filter(run=run).values_list("offset", flat=True).first() or 0


def kill_and_go_on(home: Path, seed: int, kills: int, lines: int) -> None:
    random = Random(seed)
    run, scribe, content = new_run(seed), Scribe(random), b""
    between = 0
    for _ in range(kills + 3):
        if between == kills:
            break
        if (before := offset(run)) == len(content):
            # At first, and if this process was kept waiting while the other one did all.
            more = scribe.lines(lines)
            append(run, more)
            content += more
        process = start(run, home)
        # Not the moment after a commit: somewhere in the work that follows it.
        until(lambda before=before: offset(run) > before, pause=0.001)
        time.sleep(random.random() / 50)
        process.kill()
        process.wait(60)
        between += offset(run) < len(content)
    assert between, "it was never killed in the middle"
    assert catch_up(run, wait=600) == 0
    check_everything(run, content, random)


def test_a_killed_ingest_continues_at_its_offset(shared_store: Path, home: Path) -> None:
    kill_and_go_on(home, seed=1, kills=2, lines=1000)


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 112))
def test_an_ingest_that_is_killed_repeatedly_completes(shared_store: Path, home: Path, seed: int) -> None:
    kill_and_go_on(home, seed, kills=6, lines=4000)
