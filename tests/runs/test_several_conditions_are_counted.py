"""What several conditions leave is counted from their indexes, a part at a time, however the parts fall."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from runs import counting, crossing, finding, services
from runs.active import active_root
from runs.models import Run, RunParam
from runs.where import parse

of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts its rows itself")
RUNS = 20
CONDITIONS = ("config.a < 9", "config.b >= 1", "config.c = 0", "tags in (x, y)", "config.a exists")


@pytest.fixture
def many(store: Path, make_run: Any, look: Any) -> list[str]:
    """Runs that differ in three config values and their tags; two of them are in the recycle bin."""
    made = [
        make_run(
            store,
            run_id=f"20231114_221320_{number:06d}",
            created_at=1.7e9 + number,
            config={"a": number % 15, "b": number % 4, "c": number % 2},
            tags=[tag for tag, every in (("x", 2), ("y", 3)) if number % every == 0],
        )
        for number in range(RUNS)
    ]
    look()
    services.soft_delete_runs(root=active_root(), run_ids=[made[4], made[5]])
    return made


@pytest.mark.parametrize(("parts", "narrow"), [((1, 2, 7, None), 0), ((5, 11, None), 0), ((40, None), 100)])
@pytest.mark.usefixtures("many")
def test_the_count_is_that_of_the_runs(
    monkeypatch: pytest.MonkeyPatch, parts: tuple[int | None, ...], narrow: int
) -> None:
    monkeypatch.setattr(finding, "RARE", 1)
    monkeypatch.setattr(crossing, "PARTS", parts)
    monkeypatch.setattr(crossing, "NARROW", narrow)
    everything = Run.objects.in_root(active_root())
    for first, second in itertools.combinations(CONDITIONS, 2):
        for runs in (everything, everything.live(), everything.filter(project="none")):
            asked = runs.for_table(where=parse(f"{first} and {second}"))
            assert counting.capped(asked) == (len(asked), False), (first, second)


@of_sqlite
@pytest.mark.usefixtures("many")
def test_more_than_are_counted_are_not_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "RARE", 1)
    monkeypatch.setattr(crossing, "PARTS", (10, 20, None))
    monkeypatch.setattr(crossing, "NARROW", 0)
    root = active_root()
    rows = [RunParam.objects.filter(key=key) for key in "ab"]
    keys, is_complete = crossing.common(root, rows, live=True, enough=3)
    assert len(keys) > 3 and not is_complete


@of_sqlite
@pytest.mark.django_db
def test_each_list_walks_the_index_of_its_order() -> None:
    runs = Run.objects.filter(root=1)
    assert "run_newest" in runs.live().newest()[:50].explain()
    assert "run_everything" in runs.newest()[:50].explain()
    assert "run_deleted" in runs.exclude(deleted=None).order_by("-deleted", "-id")[:50].explain()
