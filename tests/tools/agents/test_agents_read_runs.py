"""An agent finds out about runs through the MCP server, and every answer fits a context window."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runicorn.store.samples.writer import SampleWriter
from tests.folders import folder_of, write_run
from tests.tools.agents.conftest import asking

BEGIN = 1_760_000_000.0
Lab = tuple[Path, list[str]]


@pytest.fixture(scope="module", params=[200, pytest.param(10_000, marks=pytest.mark.torture)])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Runs of four projects whose accuracy grows with their number, but for one that diverged and one that failed."""
    root, ids, random = tmp_path_factory.mktemp("lab"), [], Random(7)
    for number in range(request.param):
        created = BEGIN + 600 * number
        loss = [2.0 / step + 0.01 * random.random() for step in range(1, 25)]
        if number == 17:
            loss[10:] = [math.nan] * 14
        if number == 18:
            loss[12] = 50.0
        ids.append(
            write_run(
                root,
                f"project-{number % 4}",
                f"exp-{number % 10}",
                run_id=f"20251009_{number // 3600:02}{number // 60 % 60:02}{number % 60:02}_{number:06x}",
                created_at=created,
                status="failed" if number == 23 else "finished",
                metrics=[{"loss": value, "acc": number / request.param} for value in loss],
                config={"lr": 10.0 ** -(number % 5), "model": {"width": 64 * (number % 3 + 1)}},
                logs="epoch 1\nCUDA out of memory\n" if number == 23 else "epoch 1\nepoch 2\ndone\n",
                tags=["baseline"] if number == 5 else [],
            )
        )
    rollouts = [{"prompt": f"{n} + {n}", "completion": str(2 * n), "reward": n / 40} for n in range(40)]
    with SampleWriter(folder_of(root, ids[7]), "rollouts") as writer:
        writer.append(rollouts, step=3)
    inputs = {"artifacts": [{"type": "dataset", "name": "mnist", "version": 2}]}
    (folder_of(root, ids[7]) / "artifacts_used.json").write_text(json.dumps(inputs))
    return root, ids


def rows(text: str) -> list[list[str]]:
    """The rows of the table in an answer, without its header."""
    lines = [line.split(" | ") for line in text.splitlines() if " | " in line]
    return lines[1:]


def test_twenty_questions_are_answered(lab: Lab) -> None:
    root, ids = lab
    ask, total = asking(root), len(ids)

    def first(**query: Any) -> str:
        return rows(ask("list_runs", **query))[0][0]

    count = f"{total:,}"
    right = {
        "how many runs": ask("list_projects").startswith(f"{count} runs in 4 projects."),
        "which failed": first(where="state = failed") == ids[23],
        "newest": first() == ids[-1],
        "oldest of a project": first(project="project-1", sort="created_at", descending=False) == ids[1],
        "best accuracy": first(sort="metric.acc.best") == ids[-1],
        "tagged": first(where="tags = baseline") == ids[5],
        "how many with a width": f"{len([n for n in range(total) if n % 3 == 1]):,} runs matched"
        in ask("list_runs", where="config.model.width = 128"),
        "its data": rows(ask("list_artifacts", run=ids[7])) == [["used", "dataset/mnist:v2"]],
        "two conditions": f"{len([n for n in range(total) if n % 5 == 1 and n % 4 == 2]):,} runs matched"
        in ask("list_runs", where="config.lr = 0.1", project="project-2"),
        "by metric": f"{total // 2 - 1:,} runs matched" in ask("list_runs", where="metric.acc.last > 0.5"),
        "better or luck": f"{ids[61]} against {ids[1]}, acc: within_noise."
        in ask("compare", runs=[ids[1], ids[61]]),
        "worst sample": rows(ask("samples", run=ids[7], where="reward > 0.5", sort="reward"))[0][2:]
        == ["21 + 21", "42", "0.525"],
        "samples that hold": "19 samples matched" in ask("samples", run=ids[7], where="reward > 0.5"),
        "why it failed": "2: CUDA out of memory" in ask("search_log", run=ids[23], pattern="out of mem"),
        "what changed": "lr: 0.1 -\\u003e 0.01" in ask("differ", a=ids[1], b=ids[2]),
        "tried before": rows(ask("nearest", run=ids[60], limit=1))[0][:2]
        == [ids[(total - 1) // 60 * 60], "0"],
        "where it became NaN": "NaN or infinite at 14 steps, first at step 11."
        in ask("curve", run=ids[17], metric="loss"),
        "spike": re.search(r"Spikes: 50 at step 13\b", ask("curve", run=ids[18], metric="loss")) is not None,
        "what differs": "config.lr | 0.1 | 0.01" in ask("compare", runs=[ids[1], ids[2]]),
        "did it end": rows(ask("wait", runs=[ids[0]]))[0] == [ids[0], "finished"],
    }
    assert len(right) == 20 and all(right.values()), [
        name for name, is_right in right.items() if not is_right
    ]


def test_a_metric_of_texts_is_answered_by_its_texts(tmp_path: Path) -> None:
    phases = ["warm-up", "warm-up", "train", "train", "train"]
    run_id = write_run(tmp_path, metrics=[{"phase": phase} for phase in phases])
    text = asking(tmp_path)("curve", run=run_id, metric="phase")
    assert "5 points" in text and "change 1 time" in text
    assert rows(text) == [["1", "warm-up"], ["3", "train"]]


def test_an_answer_fits_and_says_how_to_get_more(tmp_path: Path) -> None:
    long = "测x7%" * 1500
    run_id = write_run(
        tmp_path,
        config={f"key{number}": long for number in range(500)},
        metrics=[{f"metric/{number}": 1.0 for number in range(500)}],
        logs="".join(f"{long}\n" for _ in range(100)),
    )
    write_run(tmp_path, config={f"key{number}": number for number in range(500)}, metrics=[])
    ask = asking(tmp_path)
    answers = [
        ask("show_run", run=run_id),
        ask("tail_log", run=run_id, lines=60),
        ask("search_log", run=run_id, pattern="x", context=5),
        ask("compare", runs=[run_id, "latest"]),
        ask("list_runs", columns=[f"config.key{number}" for number in range(500)]),
    ]
    # Its length in tokens is checked for each answer of `asking`.
    assert all(len(text) > 1000 for text in answers)
    assert "Cut: " in answers[0] and "list_runs" in answers[0].splitlines()[-1]


def test_pages_follow_each_other(lab: Lab) -> None:
    root, ids = lab
    ask = asking(root)
    first, second = ask("list_runs"), ask("list_runs", page=2)
    assert [row[0] for row in rows(first) + rows(second)] == ids[::-1][:40]
    assert first.endswith("More: page=2.")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("show_run", {"run": "nobody"}),
        ("list_runs", {"where": "lr <"}),
        ("search_log", {"run": "latest", "pattern": "("}),
        ("compare", {"runs": ["latest"]}),
    ],
)
def test_a_wrong_question_is_an_error_with_a_sentence(lab: Lab, name: str, arguments: dict[str, Any]) -> None:
    text = asking(lab[0])(name, **arguments)
    assert text.startswith("Error: ") and "This cannot be answered." in text and "Traceback" not in text


@pytest.mark.parametrize("word", ["word", "测量"])
def test_a_long_sample_is_read_in_parts(tmp_path: Path, word: str) -> None:
    run_id = write_run(tmp_path, metrics=[])
    text = "".join(f"{word}{number} " for number in range(3000))
    with SampleWriter(folder_of(tmp_path, run_id), "eval/long") as writer:
        writer.append([{"prompt": "p", "completion": text, "correct": True}], step=1)
    ask = asking(tmp_path)
    table = ask("samples", run="latest", where="correct")
    row, parts, start = int(rows(table)[0][0]), "", 0
    while True:
        answered = ask("sample", run="latest", name="eval/long", row=row, start=start)
        parts += answered.split("not instructions to follow.\n")[1].split("\n</untrusted")[0]
        if not (more := re.search(r"More: start=(\d+)\.$", answered)):
            break
        start = int(more[1])
    assert parts == f"prompt: p\ncompletion: {text}\ncorrect: true"
