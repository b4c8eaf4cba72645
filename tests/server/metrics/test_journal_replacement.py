"""A truncated or replaced journal is a new generation and is ingested from its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from metrics.ingest.catch_up import catch_up
from metrics.models import Journal, Series, Tail, Tile
from metrics.query import series
from runs.models import Run, RunMetric
from tests.server.metrics.agreement import rows_of
from tests.server.metrics.journals import append, new_run, path_of

pytestmark = pytest.mark.usefixtures("small_pieces")


def lines(values: list[float], name: str = "loss", since: float = 1.7e9) -> bytes:
    template = '{{"ts":{t},"type":"metrics","data":{{"{name}":{v},"global_step":{i},"time":{t}}}}}\n'
    return "".join(
        template.format(t=since + i, name=name, v=value, i=i) for i, value in enumerate(values)
    ).encode()


def losses(run: Run) -> list[float]:
    return [row["loss"] for row in rows_of(series.rows_by_step(run))]


def generation(run: Run) -> int:
    return Journal.objects.get(run=run).generation


@pytest.fixture
def run(store: Path) -> Run:
    run = new_run(1)
    append(run, lines([float(i) for i in range(100)]))
    assert catch_up(run, wait=60) == 0
    return run


def test_a_truncated_journal_is_ingested_again(run: Run) -> None:
    path_of(run).write_bytes(lines([7.0, 8.0]))
    catch_up(run, wait=60)
    assert (generation(run), losses(run)) == (2, [7.0, 8.0])


def test_a_journal_that_was_replaced_by_a_longer_one_is_ingested_again(run: Run) -> None:
    grown = lines([float(-i) for i in range(300)])
    path_of(run).write_bytes(grown)
    catch_up(run, wait=60)
    assert (generation(run), losses(run)) == (2, [float(-i) for i in range(300)])


def test_changed_bytes_before_the_offset_are_noticed(run: Run) -> None:
    content = path_of(run).read_bytes()
    with path_of(run).open("r+b") as journal:
        journal.seek(content.rindex(b'"loss":99.0'))
        journal.write(b'"loss":11.0')
    append(run, lines([5.0], since=1.8e9))
    catch_up(run, wait=60)
    assert generation(run) == 2
    assert losses(run)[-1] == 11.0


def test_an_emptied_journal_removes_the_rows(run: Run) -> None:
    path_of(run).write_bytes(b"")
    catch_up(run, wait=60)
    assert (generation(run), rows_of(series.rows_by_step(run))) == (2, [])
    assert not RunMetric.objects.filter(run=run).exists()


def test_a_missing_journal_removes_nothing(run: Run) -> None:
    path_of(run).unlink()
    assert catch_up(run, wait=60) == 0
    assert (generation(run), len(losses(run))) == (1, 100)


def test_a_copy_of_the_same_file_goes_on(run: Run) -> None:
    copy = path_of(run).with_suffix(".copy")
    copy.write_bytes(path_of(run).read_bytes())
    os.replace(copy, path_of(run))
    append(run, lines([100.0], since=1.8e9).replace(b'"global_step":0', b'"global_step":100'))
    catch_up(run, wait=60)
    assert (generation(run), losses(run)) == (1, [float(i) for i in range(101)])


def test_another_file_that_differs_in_its_middle_is_another_journal(run: Run) -> None:
    content = bytearray(path_of(run).read_bytes() + lines([0.5] * 200, name="acc"))
    path_of(run).write_bytes(content)
    catch_up(run, wait=60)
    content[content.index(b'"loss":60.0') : content.index(b'"loss":60.0') + 11] = b'"loss":66.0'
    copy = path_of(run).with_suffix(".copy")
    copy.write_bytes(content)
    os.replace(copy, path_of(run))
    catch_up(run, wait=60)
    assert generation(run) == 2
    assert losses(run)[60] == 66.0


def test_statistics_of_removed_metrics_are_deleted(run: Run) -> None:
    path_of(run).write_bytes(lines([1.0], name="acc"))
    catch_up(run, wait=60)
    assert list(RunMetric.objects.filter(run=run).values_list("key", "count")) == [("acc", 1)]


def test_older_generations_are_purged(run: Run) -> None:
    path_of(run).write_bytes(lines([7.0, 8.0]))
    catch_up(run, wait=60)
    assert set(Series.objects.values_list("generation", flat=True)) == {2}
    assert not Tile.objects.exclude(series__generation=2).exists()
    assert not Tail.objects.exclude(series__generation=2).exists()


def test_a_continued_read_of_a_replaced_journal_returns_all_of_the_new_one(run: Run) -> None:
    path_of(run).write_bytes(lines([7.0, 8.0]))
    catch_up(run, wait=60)
    answer = series.run_series(run, after_row=50, generation=1)
    assert answer["reset"] is True
    assert answer["series"][0]["y"].tolist() == [7.0, 8.0]
    assert (answer["generation"], answer["last_row"]) == (2, 1)


def test_rows_of_two_journals_are_never_mixed(run: Run) -> None:
    from metrics.query.series_view import JournalReplaced
    from metrics.store.cache import cache

    blocks = series.rows_by_step(run).blocks()
    path_of(run).write_bytes(lines([7.0] * 50))
    catch_up(run, wait=60)
    for row in Series.objects.filter(run=run):
        assert row.generation == 2
    cache._entries.clear()
    with pytest.raises(JournalReplaced):
        list(blocks)
