"""The API of samples: sets, pages, conditions, search, order, and what is written meanwhile."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from runicorn.store.samples import writer
from runicorn.store.samples.names import chunks, samples_folder
from samples.query import table
from samples.services import indexing
from samples.store import index as store_index
from tests.answers import read
from tests.server.samples.conftest import Log, sample
from tests.waiting import until

Ask = Callable[..., Any]


def ids(answer: Any) -> list[Any]:
    return [(row["_step"], row["id"]) for row in answer["rows"]]


def test_sets_are_listed_with_steps_and_columns(log: Log, api: Any) -> None:
    run = log([sample(n) for n in range(20)], step=1)
    log([sample(n) for n in range(5)], step=3, run=run)
    log([{"question": "a/b"}], name="eval/gsm8k", run=run)
    answer = read(api.get(f"/api/v2/experiments/{run.name}/samples"))
    first, second = answer["samples"]
    assert (first["name"], first["steps"], first["rows"]) == ("eval/gsm8k", [], 1)
    assert (second["name"], second["steps"], second["rows"], second["pending"]) == ("rollouts", [1, 3], 25, 0)
    assert {"name": "rewards.format", "type": "number"} in second["columns"]
    assert {"name": "truncated", "type": "flag"} in second["columns"]
    assert {"name": "group", "type": "text"} in second["columns"]
    assert read(api.get(f"/api/v2/experiments/{run.name}/samples/eval/gsm8k"))["rows"][0]["question"] == "a/b"


def test_a_condition_finds_the_samples(log: Log, rows: Ask, subtests: pytest.Subtests) -> None:
    every = [sample(n, n=n, note="long " * 100 if n % 2 else "short") for n in range(60)]
    every[5]["rare"] = 1
    every[8]["odd"] = math.nan
    every[7]["odd"] = 1.5
    run = log(every[:30], step=1)
    log(every[30:], step=2, run=run)
    for where, expected in [
        ("reward < 0.2 and truncated", lambda n: n % 10 < 2 and n % 4 == 0),
        ("reward < 0.2 and truncated and tool_calls > 3", lambda n: n % 10 < 2 and n % 4 == 0 and n % 6 > 3),
        ("not truncated", lambda n: n % 4),
        ("truncated = false", lambda n: n % 4),
        ("rewards.format = 1 or reward >= 0.9", lambda n: n % 2 or n % 10 == 9),
        ("id in (p1, p2)", lambda n: n % 8 in (1, 2)),
        ("id != p1", lambda n: n % 8 != 1),
        ("group contains G3", lambda n: n % 8 == 3),
        ("rare exists", lambda n: n == 5),
        ("rare is null", lambda n: n != 5),
        ("rare < 3", lambda n: n == 5),
        ("note != short", lambda n: n % 2),
        ("note exists", lambda n: True),
        ("prompt exists and not prompt is null", lambda n: True),
        ("odd is null", lambda n: n != 7),
        ("truncated in (TRUE)", lambda n: n % 4 == 0),
        ("step = 2", lambda n: n >= 30),
        ("completion_length > 34", lambda n: n >= 10),
    ]:
        with subtests.test(where=where, expected=expected):
            answer = rows(run, where=where, per_page=100)
            assert [row["n"] for row in answer["rows"]] == [n for n in range(60) if expected(n)]
            assert answer["total"] == len(answer["rows"]) and answer["total_is_exact"]


def test_a_malformed_condition_is_one_sentence(log: Log, api: Any, subtests: pytest.Subtests) -> None:
    run = log([sample(1)])
    for where in ["reward <", "(", "reward < 0.2 and", "'", "x" * 3000, "a in (", "a is b"]:
        with subtests.test(where=where):
            answer = api.get(f"/api/v2/experiments/{run.name}/samples/rollouts", {"where": where})
            assert answer.status_code == 400 and "where" in answer.json()["errors"]


def test_a_condition_that_no_sample_can_fulfil_is_one_sentence(
    log: Log, api: Any, subtests: pytest.Subtests
) -> None:
    run = log([sample(n, note="long " * (100 * (n % 2))) for n in range(10)])
    for what in ["api", "rows", "groups", "summary"]:
        for where, sentence in [
            ("rewrad < 0.2", "No sample has the column rewrad. Did you mean reward?"),
            ("truncated and not format = 1", "No sample has the column format. Did you mean rewards.format?"),
            ("zzz exists", "No sample has the column zzz."),
            (
                "completion contains boxed",
                "completion is a long text: search for its words, or compare completion_length",
            ),
            ("note contains long", "note is a long text: search for its words"),
            ("id > 5", "id is a text: use =, !=, in, contains or exists"),
            ("reward = nan", "nan counts as missing: use reward is null"),
            ("reward = high", "reward is a number, which is never high"),
        ]:
            with subtests.test(where=where, sentence=sentence, what=what):
                path = (
                    f"/api/v2/experiments/{run.name}/samples/rollouts"
                    if what == "api"
                    else f"/runs/{run.name}/samples-data/{what}/rollouts"
                )
                answer = api.get(path, {"where": where})
                assert (answer.status_code, answer.json()["errors"]) == (400, {"where": [sentence]})


def test_an_order_by_an_unknown_column_is_one_sentence(log: Log, api: Any) -> None:
    run = log([sample(n) for n in range(10)])
    answer = api.get(f"/api/v2/experiments/{run.name}/samples/rollouts", {"order_by": "-rewrad"})
    assert answer.status_code == 400
    assert answer.json()["errors"]["order_by"][0].startswith("No sample has the column rewrad. Did you mean")


def test_a_set_without_samples_yet_takes_any_condition(log: Log, rows: Ask) -> None:
    run = log([{}], name="other")
    (samples_folder(run, "rollouts")).mkdir()
    assert rows(run, where="reward < 1", order_by="reward")["rows"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number17", [17]),
        ("ANSWER number3", [3]),
        ('"boxed{5}"', [5]),
        ('"answer of number7"', [7]),
        ('"number7 answer"', []),
        ("nowhere", []),
        ("!!!", list(range(20))),
        ("小红", [20]),
        ("ÄPFEL", [21]),
        ("surrogate", [22]),
        ("wonderful", [23]),
        ("TWICE", [23]),
        ("gpt", [23]),
        ("😀", [23]),
        ("οδοσ", [23]),
        ("prompt", []),
    ],
)
def test_words_and_phrases_are_found_in_texts(log: Log, rows: Ask, text: str, expected: list[int]) -> None:
    others = ["小明和小红去买苹果", "viele Äpfel", "a \ud800 surrogate"]
    others.append("he said “wonderful”—twice… 模型，GPT，很好😀 ΟΔΟΣ")
    every = [sample(n, n=n) for n in range(20)]
    every += [{"n": 20 + k, "messages": [{"content": [{"text": text}]}]} for k, text in enumerate(others)]
    run = log(every, step=1)
    answer = rows(run, q=text, per_page=20)
    assert [row["n"] for row in answer["rows"]] == expected
    assert answer["total"] == (len(expected) if text != "!!!" else 24)


def test_a_search_that_takes_long_ends_with_the_matches_so_far(
    log: Log, rows: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = log([{"n": n, "text": "b a" if n else "a b"} for n in range(1000)])
    assert rows(run, q='"a b"')["total"] == 1 and rows(run, q='"a b"')["total_is_exact"]
    monkeypatch.setattr(table, "SEARCH_SECONDS", 0.0)
    answer = rows(run, q='"a b"')
    assert [row["n"] for row in answer["rows"]] == [0] and not answer["total_is_exact"]


def test_rows_are_sorted_by_any_column_with_missing_ones_last(log: Log, rows: Ask) -> None:
    run = log(
        [{"id": "b", "r": 1.0}, {"id": "a", "r": 2.0}, {"id": "c"}, {"r": math.nan}, {"id": "d", "r": 0}]
    )
    order = {
        key: [row.get("id") for row in rows(run, order_by=key)["rows"]] for key in ("r", "-r", "id", "-_row")
    }
    assert order["r"] == ["d", "b", "a", "c", None] and order["-r"] == ["a", "b", "d", "c", None]
    assert order["id"] == ["a", "b", "c", "d", None] and order["-_row"] == ["d", None, "c", "a", "b"]


def test_a_partial_sort_equals_a_whole_one(log: Log, rows: Ask) -> None:
    run = log([{"n": n, "r": n * 7 % 11} for n in range(500)])
    pages = [row["n"] for page in range(1, 11) for row in rows(run, order_by="-r", page=page)["rows"]]
    assert pages == sorted(range(500), key=lambda n: -(n * 7 % 11))


def test_a_sample_is_followed_over_steps_and_opened_by_its_row(log: Log, rows: Ask) -> None:
    run = log([sample(n) for n in range(8)], step=1)
    for step in (2, 3):
        log([sample(n, reward=step) for n in range(8)], step=step, run=run)
    answer = rows(run, sample="p3")
    assert [(row["_step"], row["reward"]) for row in answer["rows"]] == [(1, 0.3), (2, 2), (3, 3)]
    (row,) = rows(run, row=answer["rows"][1]["_row"])["rows"]
    assert row == answer["rows"][1]


def test_texts_are_cut_unless_all_of_them_is_asked_for(log: Log, rows: Ask) -> None:
    run = log([{"text": "x" * 5000, "inner": [{"text": "y" * 3000}], "ids": list(range(9000))}])
    (short,), (full,) = rows(run)["rows"], rows(run, full=True)["rows"]
    assert len(short["text"]) == 2000 and len(short["inner"][0]["text"]) == 2000 and short["_cut"]
    assert len(short["ids"]) == 2000
    assert (len(full["text"]), len(full["inner"][0]["text"]), len(full["ids"])) == (5000, 3000, 9000)
    assert "_cut" not in full


def test_nan_is_null_and_huge_integers_are_numbers(log: Log, rows: Ask) -> None:
    run = log([{"a": math.nan, "b": [math.inf, 10**30], "c": 10**400, "d": "\ud800"}])
    (row,) = rows(run)["rows"]
    assert (row["a"], row["b"], row["c"], row["d"]) == (None, [None, 1e30], None, "\ufffd")


def test_what_is_written_meanwhile_is_in_the_next_answer(log: Log, rows: Ask) -> None:
    run = log([sample(0)], step=0)
    with writer.SampleWriter(run, "rollouts") as open_writer:
        for step in range(1, 40):
            open_writer.append([sample(step)], step=step)
            answer = rows(run, order_by="-_step", per_page=1)
            assert (answer["total"], answer["rows"][0]["_step"]) == (step + 1, step)
    pieces = list(indexing_folder(run).rglob("*.piece"))
    assert len(pieces) <= 3  # small ones are merged


def indexing_folder(run: Path) -> Path:
    return next(
        folder
        for folder in (Path(settings.STATE_DIR) / indexing.FOLDER).iterdir()
        if (folder / indexing.SOURCE).read_text() == str(run)
    )


def test_a_chunk_that_is_sealed_or_replaced_is_read_again_as_needed(
    log: Log, rows: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    run = log([sample(0)], step=0)
    first = writer.SampleWriter(run, "rollouts")
    first.append([sample(n) for n in range(50)], step=1)
    before = rows(run, q="number7")
    first.close()
    assert rows(run, q="number7")["rows"] == before["rows"]
    chunk = chunks(samples_folder(run, "rollouts"))[-1]
    shutil.rmtree(chunk.folder)
    log([sample(99, id="other")], step=9, run=run)
    assert ids(rows(run)) == [(9, "other")]


@pytest.mark.parametrize("number", [3, 40])
def test_a_chunk_that_is_written_again_with_the_same_beginning_is_read_again(
    log: Log, rows: Ask, number: int
) -> None:
    run = log([{}], name="other")
    with writer.SampleWriter(run, "rollouts") as first:
        first.append([sample(n) for n in range(30)], step=1, moment=1.0)
    assert rows(run)["total"] == 30
    for path in samples_folder(run, "rollouts").iterdir():
        path.unlink()
    with writer.SampleWriter(run, "rollouts") as again:
        again.append(
            [{**sample(n), "id": f"new{n}" if n else "p0"} for n in range(number)], step=1, moment=1.0
        )
    assert ids(rows(run, per_page=100)) == [(1, f"new{n}" if n else "p0") for n in range(number)]


def test_torn_and_damaged_lines_hide_no_other_and_are_told(log: Log, rows: Ask, api: Any) -> None:
    run = log([sample(n) for n in range(3)], step=1)
    chunk = chunks(samples_folder(run, "rollouts"))[0]
    with chunk.plain.open("ab") as file:
        file.write(
            b'not json\n{"ts":1,"step":2,"data":[]}\n{"ts":5,"data":{"id":"by hand"}}\n{"ts":1,"step":2,"da'
        )
    assert ids(rows(run)) == [(1, "p0"), (1, "p1"), (1, "p2"), (None, "by hand")]
    address = f"/runs/{run.name}/samples-data/summary/rollouts"
    assert read(api.get(address))["unreadable"] == 2  # the last line may be written just now
    os.utime(chunk.plain, (1, 1))
    assert read(api.get(address))["unreadable"] == 3


def test_a_deleted_or_damaged_index_is_built_again(log: Log, rows: Ask) -> None:
    run = log([sample(n) for n in range(30)], step=1)
    before = rows(run, q="number7")["rows"]
    for path in indexing_folder(run).rglob("*.piece"):
        path.unlink()
    assert rows(run, q="number7")["rows"] == before


@pytest.mark.parametrize("failing", ["_head_of", "tail_of"])
def test_a_chunk_that_could_not_be_opened_once_is_read_by_the_next_request(
    log: Log, rows: Ask, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    monkeypatch.setattr(writer, "SMALL_BYTES", 0)
    run = log([sample(n) for n in range(30)], step=1)
    if failing == "tail_of":
        assert rows(run)["total"] == 30
    pieces = list(indexing_folder(run).rglob("*.piece")) if failing == "tail_of" else []

    def fail(*_: object) -> str:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(store_index, failing, fail)
        store_index._read_state.cache_clear()
        store_index._has_tail.cache_clear()
        assert rows(run)["total"] == len(pieces) * 30
    assert rows(run)["total"] == 30
    assert not pieces or list(indexing_folder(run).rglob("*.piece")) == pieces


def test_a_large_backlog_is_indexed_by_processes_while_answers_come(
    log: Log, rows: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK_BYTES", 400_000)
    monkeypatch.setattr(writer, "WRITE_BYTES", 100_000)
    monkeypatch.setattr(indexing, "LARGE", 1_000_000)
    monkeypatch.setattr(indexing, "AT_ONCE", 1)
    monkeypatch.setattr(store_index, "SMALL_BYTES", 100_000)
    run = log([sample(n, text=os.urandom(2000).hex()) for n in range(1000)], step=1)
    first = rows(run, per_page=1)
    assert first["rows"] and first["pending"] > 0 and first["total"] < 1000
    # As seldom as a page asks: requests are limited.
    assert until(lambda: (a := rows(run, per_page=1))["pending"] == 0 and a, pause=0.5)["total"] == 1000
    assert [row["completion"] for row in rows(run, q="number777")["rows"]] == [sample(777)["completion"]]


def test_unknown_names_runs_and_rows_are_404(log: Log, api: Any) -> None:
    run = log([sample(1)])
    for path in (
        f"{run.name}/samples/nothing",
        "20200101_000000_000000/samples",
        "20200101_000000_000000/samples/rollouts",
    ):
        assert api.get(f"/api/v2/experiments/{path}").status_code == 404
    answer = api.get(f"/api/v2/experiments/{run.name}/samples/rollouts", {"row": 5})
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no sample 5")


def test_the_same_samples_of_runs_are_compared(log: Log, api: Any) -> None:
    first = log([{"id": f"q{n}", "reward": n % 2, "completion": f"first {n}"} for n in range(10)], step=1)
    second = log(
        [{"id": f"q{n}", "reward": (n + (n == 3)) % 2, "completion": "x"} for n in range(2, 12)], step=5
    )
    answer = read(
        api.get(
            "/api/v2/samples/compare",
            {"runs": f"{first.name},{second.name},20200101_000000_000000", "name": "rollouts"},
        )
    )
    assert answer["missing"] == ["20200101_000000_000000"]
    assert (answer["total"], answer["worse"], answer["better"]) == (8, 1, 0)
    assert (answer["samples"][0]["sample"], answer["samples"][0]["rewards"]) == ("q3", [1, 0])
    document = read(
        api.get(
            "/api/v2/samples/compare",
            {"runs": f"{first.name},{second.name}@5", "name": "rollouts", "sample": "q4"},
        )
    )
    assert [row["completion"] for row in document["samples"][0]["rows"]] == ["first 4", "x"]
    for step in ("b", "--5", "-", "9" * 5000, "9" * 19, "²", "٣"):
        refused = api.get(
            "/api/v2/samples/compare", {"runs": f"{first.name}@{step},{second.name}", "name": "rollouts"}
        )
        assert refused.status_code == 400, step
        assert "is not an integer of at most 18 digits" in str(refused.json()), refused.json()
    huge = {"runs": f"{first.name},{second.name}", "name": "rollouts", "step": "9" * 30}
    assert api.get("/api/v2/samples/compare", huge).status_code == 400
