"""Tables of completions of W&B and traces of Trackio, written by the trackers themselves, are imported as samples too."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.samples.names import sample_sets
from runicorn.store.samples.reader import read_samples
from runicorn.store.samples.writer import SampleWriter
from runicorn_importers.sample_rows.row import SampleRow
from runicorn_importers.sample_rows.tables import table_samples, unrepeated
from runicorn_importers.writing.sample_sets import OWNED, SampleSets
from tests.importers.test_import_of_trackers import journal, run_import, runs, unpacked


def samples(run: Path, name: str) -> list[tuple[int | None, dict[str, Any]]]:
    return [(sample.step, sample.data) for sample in read_samples(run, name)]


def test_tables_of_completions_of_wandb_are_samples(tmp_path: Path, folder: Path) -> None:
    source = unpacked("wandb-completions", tmp_path)
    answer = run_import("wandb", source, folder)
    # W&B stores each table as an artifact too, whose staged file is not in the archive.
    assert not [sentence for sentence in answer["left"] if "artifact" not in sentence]
    assert answer["compared"]["different"] == 0
    run = runs(folder)["grpo/completions"]
    assert sample_sets(run) == ["chats", "completions", "train/generated_samples", "val/generations"]
    assert len(journal(run, "table")) == 15  # as tables, too
    rows = samples(run, "completions")
    assert [(step, row["prompt"], row["reward"]) for step, row in rows] == [
        (step, f"{n} + {step} =", n % 2 + 0.5) for step in (1, 2, 3) for n in range(2)
    ]
    assert rows[1][1]["rewards"] == {"accuracy_reward": 1.0, "format_reward": 0.5}
    assert rows[1][1]["advantage"] == 0.5 and len(rows[1][1]["completion"]) == 1 + 8 * 500


def test_a_table_that_is_logged_whole_each_time_is_read_once(tmp_path: Path, folder: Path) -> None:
    run_import("wandb", unpacked("wandb-completions", tmp_path), folder)
    run = runs(folder)["grpo/completions"]
    generated = samples(run, "train/generated_samples")
    assert [(step, row["completion"], row["reward"]) for step, row in generated] == [
        (step, f"What is {step}? It is {step}.", step / 4) for step in (1, 2, 3)
    ]
    assert {row["selected_by"] for _, row in generated} == {"OpenRLHF"}
    wide = samples(run, "val/generations")
    assert {row["selected_by"] for _, row in wide} == {"verl"}
    assert [(step, row["id"], row["completion"], row["reward"]) for step, row in wide] == [
        pair
        for step in (1, 2, 3)
        for pair in ((step, "1", f"2 at {step}", 1.0), (step, "2", f"5 at {step}", 0.0))
    ]


def test_traces_of_trackio_are_samples(tmp_path: Path, folder: Path) -> None:
    answer = run_import("trackio", unpacked("trackio-rollouts", tmp_path), folder)
    assert answer["left"] == [] and answer["compared"]["different"] == 0
    run = runs(folder)["grpo/rollouts"]
    assert sample_sets(run) == ["completions", "eval", "rollouts"]
    rows = samples(run, "rollouts")
    assert [(step, row["group"], row["reward"], row["advantage"]) for step, row in rows] == [
        (step, f"g{step}", n / 2, n - 0.5) for step in (1, 2) for n in range(2)
    ]
    assert [message["role"] for message in rows[0][1]["messages"]] == ["user", "assistant"]
    assert len(rows[0][1]["messages"][1]["content"]) == 1 + 8 * 500
    assert rows[3][1]["rewards"] == {"accuracy": 0.5} and rows[3][1]["meta"]["model_version"] == 2
    ((step, evaluated),) = samples(run, "eval")
    assert (step, evaluated["id"], evaluated["target"]) == (2, "7", "4")
    assert evaluated["meta"]["task"] == "gsm8k" and evaluated["meta"]["exact_match"] == 1.0
    assert [(step, row["completion"]) for step, row in samples(run, "completions")] == [
        (1, "at 1"),
        (2, "at 2"),
    ]


def test_a_repeated_import_appends_new_traces_once(tmp_path: Path, folder: Path) -> None:
    source = unpacked("trackio-rollouts", tmp_path)
    (database,) = source.rglob("*.db")
    run_import("trackio", source, folder)
    run = runs(folder)["grpo/rollouts"]
    before = samples(run, "rollouts")
    with SampleWriter(run, "rollouts") as other:  # a folder of a framework, or a person
        other.append([{"id": "other"}], step=9)
    assert run_import("trackio", source, folder)["unchanged"] == 1
    with closing(sqlite3.connect(database)) as opened, opened:
        row = list(opened.execute("SELECT * FROM traces WHERE key = 'rollouts' ORDER BY rowid").fetchone())
        names = [column[1] for column in opened.execute("PRAGMA table_info(traces)")]
        row[names.index("id")], row[names.index("step")] = "new", 3
        row[names.index("timestamp")] = "2099-01-01T00:00:00+00:00"
        opened.execute(f"INSERT INTO traces VALUES ({', '.join('?' * len(row))})", row)
    assert run_import("trackio", source, folder)["updated"] == 1
    after = samples(run, "rollouts")
    assert sorted(after, key=str) == sorted([*before, (9, {"id": "other"}), (3, before[0][1])], key=str)
    assert samples(run, "eval") == samples(run, "eval") and len(samples(run, "eval")) == 1


def test_a_run_that_is_written_again_has_its_samples_once(tmp_path: Path, folder: Path) -> None:
    source = unpacked("trackio-rollouts", tmp_path)
    (database,) = source.rglob("*.db")
    run_import("trackio", source, folder)
    run = runs(folder)["grpo/rollouts"]
    with SampleWriter(run, "rollouts") as other:
        other.append([{"id": "other"}], step=9)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("UPDATE metrics SET metrics = json_set(metrics, '$.loss', 7.0)")
        opened.execute("UPDATE metrics SET timestamp = '2099-01-01T00:00:00+00:00' WHERE step = 2")
    assert run_import("trackio", source, folder)["updated"] == 1
    assert sorted(step or 0 for step, _ in samples(run, "rollouts")) == [1, 1, 2, 2, 9]


def test_samples_of_an_import_that_was_killed_are_completed(tmp_path: Path) -> None:
    rows = [SampleRow({"id": str(n)}, n, 1.0) for n in range(6)]
    layout.write_json(tmp_path / layout.META, {"id": "x"})
    first = SampleSets(tmp_path, tmp_path)
    for row in rows[:3]:
        first.add("set", [row])  # and no more: the process is killed
    chunk = tmp_path / "samples" / "set" / "00000.jsonl"
    with chunk.open("ab") as file:
        file.write(b'{"ts":1.0,"step":3,"da')
    again = SampleSets(tmp_path, tmp_path)
    for row in rows:
        again.add("set", [row])
    again.close()
    assert [step for step, _ in samples(tmp_path, "set")] == [0, 1, 2, 3, 4, 5]
    assert json.loads((tmp_path / layout.META).read_text())[OWNED] == {"set": [0, 1]}
    shutil.rmtree(chunk.parent)


def test_tables_of_other_things_are_no_samples() -> None:
    for columns in (["a", "b"], ["label", "score"], ["step", "loss"], ["input", "target"], ["text", "count"]):
        assert table_samples(columns, [["x"] * len(columns)], 1, None) == []


def test_equal_samples_of_two_steps_are_both_kept() -> None:
    rows = table_samples(["prompt", "completion"], [["1+1", "2"]], 1, None)
    later = table_samples(["prompt", "completion"], [["1+1", "2"]], 2, None)
    assert unrepeated(later, rows) == later and later[0].step == 2
