from __future__ import annotations

import json
import math
import os
from contextlib import suppress

import pytest

from tests.server.live.files import append
from tests.server.live.sockets import LiveRun, frames


def place_after(series: dict) -> dict[str, int]:
    """Where a page that has this answer opens its socket."""
    return {"end": series["journal_end"], "row": series["last_row"], "generation": series["generation"]}


def losses(client, count: int) -> list[float]:
    """The next values of `loss`."""
    values: list[float] = []
    while len(values) < count:
        values += frames(client, "points")["series"].get("loss", {"value": []})["value"]
    return values


def test_a_point_logged_after_the_answer_comes_and_none_before(new_run) -> None:
    run = new_run(metrics=[{"loss": 0.5}, {"loss": 0.25}])
    answer = run.series()
    with run.open_live(**place_after(answer)) as client:
        run.write_points(3, loss=0.125)
        frame = frames(client, "points")
    assert frame == {
        "type": "points",
        "generation": answer["generation"],
        "before": answer["last_row"],
        "last_row": answer["last_row"] + 1,
        "end": run.journal.stat().st_size,
        "series": {"loss": {"step": [3], "time": [3.0], "value": [0.125]}},
    }


def test_the_live_socket_does_not_wait_for_the_database(new_run) -> None:
    run = new_run(metrics=[{"loss": 0.0}])
    place = place_after(run.series())
    run.write_points(1, 20_000)
    with run.open_live(**place) as client:
        assert losses(client, 20_000) == [float(step) for step in range(1, 20_001)]


def test_a_tab_that_was_hidden_goes_on_without_a_gap_or_a_double_point(new_run) -> None:
    run = new_run(metrics=[{"loss": 0.0}])
    place = place_after(run.series())
    values: list[float] = []
    for first in range(1, 5001, 500):
        with run.open_live(**place) as client:
            run.write_points(first, 250)
            frame = frames(client, "points")
            values += frame["series"]["loss"]["value"]
            place = {"end": frame["end"], "row": frame["last_row"], "generation": frame["generation"]}
        run.write_points(first + 250, 250)
    with run.open_live(**place) as client:
        values += losses(client, 5000 - len(values))
    assert values == [float(step) for step in range(1, 5001)]
    assert run.series()["last_row"] == 5000


def test_without_a_position_the_live_socket_starts_with_the_next_point(new_run) -> None:
    run = new_run(metrics=[{"loss": 0.5}])
    with run.open_live() as client:
        frames(client, "status")
        run.series()
        # Where it begins it decides after that frame, so that the first points may still be of before.
        for step in range(2, 30):
            run.write_points(step)
            with suppress(TimeoutError):
                assert frames(client, "points", timeout=1)["series"]["loss"]["step"][0] > 1
                break
        else:
            pytest.fail("no point came")


def test_values_of_every_kind_arrive_as_they_were(new_run) -> None:
    run = new_run(metrics=[])
    with run.open_live(end=0, row=-1, generation=1) as client:
        append(
            run.journal,
            '{"ts": 5.5, "type": "metrics", "data": {"global_step": 1, "a": NaN, "ok": true, "name": "x"}}\n'
            "not json\n"
            '{"ts": 6.5, "type": "metrics", "data": {"global_step": 2, "a": -Infinity, "list": [1]}}\n'
            '{"ts": 7.5, "type": "metrics", "data": {"a": 7}}\n'
            '{"ts": 8.5, "type": "system", "data": {"system/cpu": 12.5}}\n',
        )
        frame = frames(client, "points")
    assert (frame["before"], frame["last_row"]) == (-1, 4)
    assert frame["series"] == {
        "a": {
            "step": [1, 2, None],
            "time": [5.5, 6.5, 7.5],
            "value": [None, None, 7],
            "special": [[0, "nan"], [1, "-inf"]],
        },
        "ok": {"step": [1], "time": [5.5], "value": [True]},
        "name": {"step": [1], "time": [5.5], "value": ["x"]},
        "system/cpu": {"step": [None], "time": [8.5], "value": [12.5]},
    }


def test_a_torn_line_waits_until_it_is_whole(new_run) -> None:
    run = new_run(metrics=[{"loss": 1.0}])
    with run.open_live(**place_after(run.series())) as client:
        line = json.dumps({"ts": 9.0, "type": "metrics", "data": {"global_step": 9, "loss": 0.5}})
        append(run.journal, line[:30])
        append(run.journal, line[30:] + "\n")
        assert frames(client, "points")["series"]["loss"] == {"step": [9], "time": [9.0], "value": [0.5]}


def test_a_replaced_journal_is_announced_and_what_follows_fits_the_new_answer(new_run) -> None:
    run: LiveRun = new_run(metrics=[{"loss": float(step)} for step in range(100)])
    before = run.series()
    with run.open_live(**place_after(before)) as client:
        frames(client, "status")
        os.truncate(run.journal, 0)
        run.write_points(1000, 300)
        reset = frames(client, "reset")
        after = run.series()
        assert reset["generation"] == after["generation"] == before["generation"] + 1
        assert reset["row"] <= after["last_row"] == 299
        run.write_points(1300)
        while (frame := frames(client, "points"))["last_row"] < 300:
            pass
        assert frame["series"]["loss"]["step"][-1] == 1300


def test_a_position_in_another_generation_is_reset(new_run) -> None:
    run = new_run(metrics=[{"loss": 1.0}])
    place = place_after(run.series())
    with run.open_live(**{**place, "generation": place["generation"] + 1}) as client:
        reset = frames(client, "reset")
        assert reset["generation"] == place["generation"]
        run.write_points(2)
        assert math.isclose(frames(client, "points")["series"]["loss"]["value"][-1], 2.0)


def test_a_position_far_back_is_answered_from_the_database(new_run) -> None:
    run = new_run(metrics=[{"loss": 0.0}])
    place = place_after(run.series())
    run.write_points(1, 100_000)
    assert run.journal.stat().st_size - place["end"] > 5_000_000
    with run.open_live(**place) as client:
        reset = frames(client, "reset")
        assert reset["row"] > 50_000
        run.write_points(100_001)
        while (frame := frames(client, "points"))["last_row"] < 100_001:
            pass
        assert frame["series"]["loss"]["step"][-1] == 100_001
