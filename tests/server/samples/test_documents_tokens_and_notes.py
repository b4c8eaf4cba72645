"""What the page of samples fetches: documents, tokens, groups, distributions, notes and data sets; alerts by samples."""

from __future__ import annotations

import io
import json
import math
import shutil
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from alerts.judging import rule_set
from alerts.judging.timer import RuleTimer
from alerts.models import AlertEvent
from runicorn.store import layout
from runicorn.store.samples.writer import SampleWriter
from runs.active_root import active_root
from runs.index import discovery
from tests.answers import read
from tests.folders import folder_of
from tests.server.samples.conftest import Log, sample

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m**not bold**\u2066"
Fetch = Callable[..., Any]


@pytest.fixture
def fetch(api: Any) -> Fetch:
    """`fetch(run, what, name, **query)` is what the page fetches."""

    def ask(run: Path, what: str, name: str = "rollouts", **query: Any) -> Any:
        return read(api.get(f"/runs/{run.name}/samples-data/{what}/{name}", query))

    return ask


def rollout() -> dict[str, Any]:
    return {
        "id": "a",
        "group": "g",
        "reward": 0.0,
        "rewards": {"format": 1.0},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [{"type": "text", "text": HOSTILE}, {"_type": "image", "path": "media/1_x.png"}],
            },
            {
                "role": "assistant",
                "reasoning_content": "hm",
                "content": "",
                "tool_calls": [{"function": {"name": "calc", "arguments": '{"a": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
            {"role": "assistant", "content": "x" * 300_000},
        ],
        "target": 2,
        "judge": {"verdict": "I", "explanation": "too long"},
        "error": "RateLimit",
        "timing": {"generate": {"start": 0, "end": 1.5}},
        "logprobs": [-0.5, None, -0.25],
    }


def test_a_document_has_messages_calls_judges_errors_and_spans(log: Log, fetch: Fetch) -> None:
    run = log([rollout()], step=4)
    document = fetch(run, "document", row=0)
    system, user, assistant, tool, last = document["messages"]
    assert (system["role"], system["parts"][0]["text"]) == ("system", "Be brief.")
    assert [part["type"] for part in user["parts"]] == ["text", "image"]
    assert user["parts"][0]["text"] == HOSTILE and user["parts"][1]["media"] == "1_x.png"
    assert assistant["reasoning"]["text"] == "hm" and assistant["tool_calls"][0]["name"] == "calc"
    assert assistant["tool_calls"][0]["arguments"]["text"] == '{"a": 1}' and tool["tool_call_id"] == "c1"
    text = last["parts"][0]
    assert (len(text["text"]), text["length"], text["path"]) == (20_000, 300_000, ["messages", 4, "content"])
    more = fetch(run, "text", row=0, path=json.dumps(text["path"]), start=290_000)
    assert (more["text"], more["length"]) == ("x" * 10_000, 300_000)
    assert [judge["name"] for judge in document["judges"]] == ["judge"]
    assert [(error["name"], error["text"]) for error in document["errors"]] == [("error", "RateLimit")]
    assert document["spans"] == [{"name": "generate", "start": 0, "end": 1.5}]
    assert ["rewards.format", 1.0] in document["fields"] and document["target"]["text"] == "2"


def test_what_a_framework_recorded_of_judges_errors_and_times_is_shown(log: Log, fetch: Fetch) -> None:
    begin = {"event": "span_begin", "id": "s", "name": "solvers", "timestamp": "2026-11-30T06:59:33+00:00"}
    model = {"event": "model", "timestamp": "2026-11-30T06:59:34+00:00", "completed": "2026-11-30T06:59:36Z"}
    end = {"event": "span_end", "id": "s", "timestamp": "2026-11-30T06:59:38+00:00"}
    inspect = {
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "2"}],
                "tool_calls": [{"id": "1", "function": "bash", "arguments": {"cmd": "ls"}}],
            }
        ],
        "record": {
            "scores": {"judge": {"value": "I", "explanation": "too short"}},
            "error": {"message": "limit"},
            "events": [begin, model, end],
        },
    }
    verifiers = {
        "record": {
            "timing": {"start": 5, "setup": {"start": 5, "end": 6.5}},
            "episode": {"errors": [{"type": "SandboxError"}]},
        }
    }
    run = log([inspect, verifiers])
    document = fetch(run, "document", row=0)
    (message,) = document["messages"]
    assert message["reasoning"]["text"] == "hm" and [part["text"] for part in message["parts"]] == ["2"]
    path = message["reasoning"]["path"]
    assert fetch(run, "text", row=0, path=json.dumps(path))["text"] == "hm"
    assert message["tool_calls"][0]["name"] == "bash"
    (judge,), (error,) = document["judges"], document["errors"]
    assert "too short" in judge["text"] and judge["path"] == ["record", "scores"] and "limit" in error["text"]
    assert [(span["name"], span["end"] - span["start"]) for span in document["spans"]] == [
        ("model", 2.0),
        ("solvers", 5.0),
    ]
    document = fetch(run, "document", row=1)
    assert document["spans"] == [{"name": "setup", "start": 5.0, "end": 6.5}]
    assert "SandboxError" in document["errors"][0]["text"]


def test_a_document_of_hundreds_of_long_messages_is_small_and_each_text_is_continued(
    log: Log, fetch: Fetch
) -> None:
    messages = [
        {"role": "assistant", "content": "x" * 30_000, "reasoning": "y" * 30_000, "tool_calls": [{"arguments": "z" * 30_000}]}
        for _ in range(300)
    ]  # fmt: skip
    run = log([{"messages": messages}])
    first, *_, last = fetch(run, "document", row=0)["messages"]
    texts = [last["reasoning"], last["parts"][0], last["tool_calls"][0]["arguments"]]
    assert first["parts"][0]["text"] == "x" * 20_000
    assert [(len(text["text"]), text["length"]) for text in texts] == [(500, 30_000)] * 3
    more = fetch(run, "text", row=0, path=json.dumps(texts[1]["path"]), start=500)
    assert more["text"] == "x" * 29_500


def test_prompt_and_completion_are_a_conversation_too(log: Log, fetch: Fetch) -> None:
    run = log(
        [{"prompt": [{"role": "user", "content": "1+1?"}], "completion": "2"}, {"odd": [1, {"a": None}]}]
    )
    document = fetch(run, "document", row=0)
    assert [(m["role"], m["parts"][0]["text"]) for m in document["messages"]] == [
        ("user", "1+1?"),
        ("assistant", "2"),
    ]
    assert fetch(run, "document", row=1)["fields"] == [["odd", "[2] 1, {'a': None}"]]


@pytest.mark.parametrize("path", ["../../../logout", "media/../../x", "/x", "media//x", 5])
def test_an_image_leads_to_no_other_address(log: Log, fetch: Fetch, path: Any) -> None:
    run = log([{"messages": [{"role": "user", "content": [{"_type": "image", "path": path}]}]}])
    (message,) = fetch(run, "document", row=0)["messages"]
    assert [part["type"] for part in message["parts"]] == ["json"]


@pytest.mark.parametrize("path", ['["nothing"]', "[9]", "5", '[["a"]]'])
def test_a_text_that_is_not_there_is_404(log: Log, api: Any, path: str) -> None:
    run = log([rollout()])
    query = {"row": 0, "path": path}
    assert api.get(f"/runs/{run.name}/samples-data/text/rollouts", query).status_code == 404


def test_tokens_have_all_streams_in_windows_and_nothing_unknown_is_zero(log: Log, fetch: Fetch) -> None:
    n = 2500
    row = {
        "tokens": [f"t{k}" for k in range(n)],
        "token_ids": list(range(n)),
        "logprobs": [-1.0] * (n - 500),  # of the response only
        "trainer_logprobs": [-1.5] * n,
        "entropy": [math.nan, *[0.5] * (n - 1)],
        "loss_mask": [0] * 500 + [1] * (n - 500),
    }
    run = log([row])
    window = fetch(run, "tokens", row=0, start=400, size=200, stream="difference")
    assert (window["count"], window["texts"][0], window["ids"][0], len(window["texts"])) == (
        n,
        "t400",
        400,
        200,
    )
    assert window["streams"]["logprobs"][:101] == [None] * 100 + [-1.0]
    assert window["streams"]["difference"][100] == -0.5 and window["stream"] == "difference"
    assert window["streams"]["importance_ratio"][100] == pytest.approx(math.exp(-0.5))
    assert fetch(run, "tokens", row=0)["streams"]["entropy"][0] is None
    assert len(window["course"]) <= 300 and window["course"][0] is None
    (item,) = fetch(run, "rows")["rows"]
    assert item["_values"]["entropy"] == 0.5 and item["_values"]["token_count"] == n


def test_values_after_a_long_prompt_are_streams_and_trained_ones_differ(log: Log, fetch: Fetch) -> None:
    unknown = [None] * 2000
    row = {
        "token_ids": list(range(2002)),
        "logprobs": [*unknown, -0.5, -0.25],
        "train_logprobs": [*unknown, -1.0, -0.25],  # the name that importers use
    }
    window = fetch(log([row]), "tokens", row=0, start=2000, stream="difference")
    assert window["streams"]["logprobs"] == [-0.5, -0.25]
    assert window["streams"]["difference"] == [-0.5, 0.0] and window["stream"] == "difference"
    assert window["streams"]["importance_ratio"][1] == 1.0


def test_groups_of_one_prompt_have_their_spread(log: Log, fetch: Fetch) -> None:
    run = log(
        [
            {"group": f"g{n % 3}", "reward": float(n % 3 == 0 and n > 3), "prompt": f"p{n % 3}"}
            for n in range(12)
        ],
        step=1,
    )
    answer = fetch(run, "groups", order_by="-spread")
    first = answer["groups"][0]
    assert (answer["total"], first["group"], first["n"], first["mean"], first["max"]) == (
        3,
        "g0",
        4,
        0.5,
        1.0,
    )
    assert first["spread"] == 0.5 and answer["groups"][1]["spread"] == 0


def test_a_reward_that_is_a_text_has_no_mean(log: Log, fetch: Fetch, api: Any) -> None:
    run = log([{"id": text, "group": "g", "reward": text} for text in "CIP"], step=1)
    (group,) = fetch(run, "groups")["groups"]
    assert (group["n"], group["mean"], group["spread"]) == (3, None, None)
    query = {"runs": f"{run.name}@1,{run.name}@1", "name": "rollouts"}
    compared = read(api.get("/api/v2/samples/compare", query))
    assert [side["mean"] for side in compared["runs"]] == [None, None] and compared["worse"] == 0
    assert compared["verdict"]["verdict"] == "unknown"


def test_distributions_are_those_of_a_step_and_means_those_of_all(log: Log, fetch: Fetch) -> None:
    run = log([sample(n) for n in range(10)], step=1)
    log([sample(n, reward=1.0) for n in range(4)], step=2, run=run)
    summary = fetch(run, "summary", step=1)
    reward = summary["histograms"][0]
    assert (reward["column"], sum(reward["counts"]), reward["mean"]) == ("reward", 10, pytest.approx(0.45))
    assert summary["steps"] == [[1, 10, pytest.approx(0.45)], [2, 4, 1.0]]
    assert fetch(run, "summary", where="reward = 1")["steps"] == [[2, 4, 1.0]]


def test_steps_are_those_of_the_lines_also_beside_a_column_of_that_name(
    log: Log, fetch: Fetch, rows: Callable[..., Any]
) -> None:
    run = log([sample(n, step="first") for n in range(3)], step=1)
    log([sample(n, step=7) for n in range(2)], step=2, run=run)
    log([sample(1)], run=run)
    assert [pair[:2] for pair in fetch(run, "summary")["steps"]] == [[1, 3], [2, 2]]
    assert [row["_step"] for row in rows(run, order_by="-_step")["rows"]] == [2, 2, 1, 1, 1, None]


@pytest.mark.parametrize(
    "values", [(1.0, 1.0000000000000002), (-1.7e308, 1.7e308), (0.0, 5e-324), (0.3, 0.3, 0.7), (1e308, 1e308)]
)
def test_distributions_of_close_and_of_huge_values(log: Log, fetch: Fetch, values: list[float]) -> None:
    run = log([{"reward": value} for value in values], step=1)
    reward = fetch(run, "summary")["histograms"][0]
    assert sum(reward["counts"]) == len(values)
    assert (reward["edges"][0], reward["edges"][-1]) == (min(values), max(values))


def test_a_value_at_an_edge_belongs_to_the_bin_that_begins_there(log: Log, fetch: Fetch) -> None:
    run = log([{"reward": n / 20} for n in range(21)], step=1)
    reward = fetch(run, "summary")["histograms"][0]
    edges = reward["edges"]
    expected = [sum(low <= n / 20 < high for n in range(21)) for low, high in pairwise(edges)]
    expected[-1] += 1
    assert reward["counts"] == expected


def test_labels_are_kept_in_a_file_and_exported_as_data_sets(log: Log, api: Any) -> None:
    run = log(
        [
            {"id": n, "group": f"g{n // 2}", "prompt": f"p{n // 2}", "completion": f"c{n}", "reward": n}
            for n in range(4)
        ]
    )
    address = f"/runs/{run.name}/samples-data/notes/rollouts"
    for row, label in ((0, "good"), (1, "bad"), (2, "good"), (3, "odd")):
        answer = read(api.post(address, {"row": row, "label": label, "note": HOSTILE}, format="json"))
    assert [(note["row"], note["label"]) for note in answer["notes"]] == [
        (3, "odd"),
        (2, "good"),
        (1, "bad"),
        (0, "good"),
    ]
    assert layout.read_json(run / layout.SAMPLE_NOTES)[0]["notes"][0]["note"] == HOSTILE
    export = f"/runs/{run.name}/samples-data/export/rollouts"
    lines = b"".join(api.get(export, {"form": "sft"}).streaming_content).decode().splitlines()
    assert [json.loads(line)["completion"] for line in lines] == ["c0", "c2"]
    parquet = b"".join(api.get(export, {"form": "preference", "format": "parquet"}).streaming_content)
    assert pyarrow.parquet.read_table(io.BytesIO(parquet)).to_pylist() == [
        {"prompt": "p0", "chosen": "c0", "rejected": "c1"}
    ]
    answer = read(api.post(address, {"row": 0, "label": "", "note": ""}, format="json"))
    assert [note["row"] for note in answer["notes"]] == [3, 2, 1]
    assert api.post(address, {"row": 77, "label": "x"}, format="json").status_code == 404
    assert read(api.get(f"/api/v2/experiments/{run.name}/sample-notes"))["notes"] == answer["notes"]


def test_the_pages_escape_names_and_say_how_to_begin(
    log: Log, client: Any, store: Path, make_run: Any
) -> None:
    run = log([{"a": 1}], name="<b>bold</b>")
    page = client.get(f"/runs/{run.name}/samples").content.decode()
    assert "<b>bold" not in page and "&lt;b&gt;bold" in page
    assert "/samples" in client.get(f"/runs/{run.name}").content.decode()
    empty = folder_of(store, make_run(store, metrics=[]))
    assert "run.log_samples" in client.get(f"/runs/{empty.name}/samples").content.decode()
    assert client.get(f"/samples-compare?runs={run.name}").status_code == 200


def test_a_paired_verdict_tells_better_from_luck_and_tasks_have_intervals(log: Log, api: Any) -> None:
    def scores(gain: float) -> list[dict[str, Any]]:
        return [
            {"id": n, "id_text": "", "task": f"t{n % 2}", "reward": float(n % 5 > 1 or n % 10 < gain)}
            for n in range(200)
        ]

    def named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "id": f"q{row['id']}"} for row in rows]

    first, better, same = (log(named(scores(gain)), name="eval") for gain in (0, 2, 0))

    def verdict(other: Path) -> Any:
        return read(
            api.get("/api/v2/samples/compare", {"runs": f"{first.name},{other.name}", "name": "eval"})
        )

    answer = verdict(better)
    assert (answer["verdict"]["verdict"], answer["verdict"]["n"]) == ("better", 200)
    low, high = answer["verdict"]["interval"]
    assert 0 < low < answer["verdict"]["difference"] < high
    assert verdict(same)["verdict"]["verdict"] == "within_noise"
    (even, odd) = answer["tasks"]
    assert (even["task"], odd["task"]) == ("t0", "t1") and even["scores"][0]["n"] == 100
    assert even["scores"][0]["half"] > 0


def test_a_verdict_is_over_pairs_of_rewards_of_the_first_and_the_last_run(log: Log, api: Any) -> None:
    def scores(rewards: dict[int, float]) -> list[dict[str, Any]]:
        return [{"id": f"q{n}", **({"reward": rewards[n]} if n in rewards else {})} for n in range(100)]

    first = log(scores({n: n % 2 for n in range(10)}), name="eval")
    middle = log(scores(dict.fromkeys(range(50), 9.0)), name="eval")
    last = log(scores({n: n % 2 + 1 + n % 3 / 100 for n in range(5, 60)}), name="eval")
    runs = ",".join(run.name for run in (first, middle, last))
    answer = read(api.get("/api/v2/samples/compare", {"runs": runs, "name": "eval"}))
    assert (answer["total"], answer["better"], answer["worse"]) == (100, 5, 0)
    assert (answer["verdict"]["n"], answer["verdict"]["verdict"]) == (5, "better")
    assert answer["verdict"]["difference"] == pytest.approx(1.0, abs=0.02)


def test_a_paired_verdict_is_within_noise_where_its_interval_contains_zero(log: Log, api: Any) -> None:
    def run(rewards: list[float]) -> str:
        return log([{"id": f"q{n}", "reward": reward} for n, reward in enumerate(rewards)], name="eval").name

    first, changes = run([0.0] * 8), [0.8, -0.1, 0.5, 0.1, -0.1, 0.4, 0.2, 0.0]
    for shift, word in ((0.0, "within_noise"), (-0.45, "within_noise"), (0.1, "better"), (-0.5, "worse")):
        last = run([change + shift for change in changes])
        query = {"runs": f"{first},{last}", "name": "eval"}
        verdict = read(api.get("/api/v2/samples/compare", query))["verdict"]
        low, high = verdict["interval"]
        assert (verdict["verdict"], low <= 0 <= high) == (word, word == "within_noise"), shift


def running(store: Path, make_run: Any) -> Path:
    return folder_of(store, make_run(store, status="running", created_at=time.time(), metrics=[]))


def events(timer: RuleTimer) -> list[tuple[str, str]]:
    """Judge once; return kind and sentence of all events, oldest first."""
    timer.round()
    return [(event.kind, event.sentence) for event in AlertEvent.objects.order_by("pk")]


def truncated_rule(api: Any) -> None:
    when = {"kind": "samples", "samples": "truncated", "value": 5}
    assert api.post("/api/v2/alerts/rules", {"name": "r", "when": when}, format="json").status_code == 201
    rule_set.forget()


def test_an_episode_over_samples_ends_with_its_run(store: Path, make_run: Any, api: Any) -> None:
    truncated_rule(api)
    run, timer = running(store, make_run), RuleTimer(active_root())
    with SampleWriter(run, "rollouts") as writer:
        writer.append([{"truncated": True}], step=1)
    discovery.full(timer.root)
    assert [kind for kind, _ in events(timer)] == ["fired"]
    status = json.loads((run / layout.STATUS).read_text())
    (run / layout.STATUS).write_text(json.dumps({**status, "status": "finished", "ended_at": time.time()}))
    discovery.full(timer.root)
    assert events(timer)[1:] == [("recovered", "The run ended")]
    assert len(events(timer)) == 2


def test_a_run_folder_that_links_out_of_the_root_stops_no_rule_over_samples(
    store: Path, make_run: Any, api: Any, tmp_path: Path
) -> None:
    truncated_rule(api)
    (tmp_path / "outside").mkdir()
    outside, run = running(store, make_run), running(store, make_run)
    for folder in (outside, run):
        with SampleWriter(folder, "rollouts") as writer:
            writer.append([{"truncated": True}], step=1)
    timer = RuleTimer(active_root())
    discovery.full(timer.root)
    shutil.move(outside, tmp_path / "outside" / outside.name)
    outside.symlink_to(tmp_path / "outside" / outside.name)
    assert [kind for kind, _ in events(timer)] == ["fired"]
    assert AlertEvent.objects.get().run_id == run.name


def test_a_rule_over_samples_fires_and_recovers(store: Path, make_run: Any, api: Any) -> None:
    rule_set.forget()
    when = {"kind": "samples", "samples": "truncated", "value": 5}
    assert api.post("/api/v2/alerts/rules", {"name": "r", "when": when}, format="json").status_code == 201
    bad = {"kind": "samples", "samples": "truncated and", "value": 5}
    assert api.post("/api/v2/alerts/rules", {"name": "r", "when": bad}, format="json").status_code == 400
    rule_set.forget()
    run = folder_of(store, make_run(store, status="running", created_at=time.time(), metrics=[]))
    timer = RuleTimer(active_root())

    def scan() -> list[tuple[str, str]]:
        discovery.full(timer.root)
        timer.round()
        return [(event.kind, event.sentence) for event in AlertEvent.objects.order_by("pk")]

    with SampleWriter(run, "rollouts") as writer:
        writer.append([{"truncated": n == 0} for n in range(100)], step=1)
        assert scan() == []
        writer.append([{"truncated": n < 10} for n in range(100)], step=2)
        assert scan() == [("fired", "10 % of the samples rollouts at step 2: truncated")] == scan()
        writer.append([{"truncated": False} for n in range(100)], step=3)
        assert scan()[1:] == [
            ("recovered", "Back to normal: 0 % of the samples rollouts at step 3: truncated")
        ]
