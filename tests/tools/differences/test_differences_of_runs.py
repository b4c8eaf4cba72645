"""Differences of runs, read from their files."""

from __future__ import annotations

import json
import math
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from metrics.differences.divergence import find
from runicorn.store import layout
from runicorn.store.project import analysis
from runicorn_tools.differences import code, engine, packages, patches, project, values, words
from runicorn_tools.differences.curves import Curve
from runicorn_tools.differences.facts import RunFacts
from tests.large import many
from tests.sdk.sources.projects import commit, git
from tests.tools.differences.pairs import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_value_that_is_missing_is_named_in_words() -> None:
    assert (words.short(None), words.short(0.25), words.short([None])) == ("none", "0.25", "[null]")


def test_nested_settings_lists_and_types_are_compared_by_key() -> None:
    a = {
        "optim": {"lr": 0.1, "name": "sgd"},
        "layers": [{"units": 8}, {"units": 8}],
        "seed": 1,
        "x": math.nan,
    }
    b = {
        "optim": {"lr": 0.2, "name": "sgd"},
        "layers": [{"units": 8}, {"units": 16}],
        "seed": "1",
        "x": math.nan,
    }
    difference = values.compare(a | {"sizes": [1, 2], "gone": None, "n": 1}, b | {"sizes": [1, 3], "n": 1.0})
    assert difference == {
        "changed": [
            {"key": "optim.lr", "a": 0.1, "b": 0.2},
            {"key": "layers[1].units", "a": 8, "b": 16},
            {"key": "seed", "a": 1, "b": "1", "types": ["number", "text"]},
            {"key": "sizes", "a": [1, 2], "b": [1, 3]},
        ],
        "added": [],
        "removed": [{"key": "gone", "a": None}],
    }
    assert values.compare({"f": True}, {"f": 1})["changed"][0]["types"] == ["boolean", "number"]
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"k": deep}
    assert not any(values.compare(deep, {**deep}).values())


@pytest.mark.parametrize(
    ("a", "b", "direction"),
    [
        ("1.9", "1.10", "up"),
        ("2.0", "2.0.0rc1", "down"),
        ("1.0", "1.0.post1", "up"),
        ("1.0.dev3", "1.0a1", "up"),
        ("2.1.0+cu118", "2.1.0+cu121", "up"),
        ("1!1.0", "2.0", "down"),
        ("1.0", "1.0.0", "other"),
    ],
)
def test_packages_move_up_or_down(a: str, b: str, direction: str) -> None:
    assert packages.direction(a, b) == direction


def test_all_facts_are_compared_in_sections(pair: Pair) -> None:
    cpu = {"model": "X", "usable_count": 8, "memory_total_mb": 1000}
    a = pair.run(
        {"lr": 0.1},
        pip_packages=["Torch==2.1.0", "old_name==1.0"],
        command_line=["python", "train.py", "--lr", "0.1"],
        env_variables={"OMP_NUM_THREADS": "1", "SLURM_JOB_ID": "7"},
        cpu_info=cpu,
        gpu_info=[{"name": "A100", "driver_version": "535"}],
    )
    b = pair.run(
        {"lr": 0.2},
        pip_packages=["torch==2.2.0", "new==3"],
        command_line=["python", "train.py", "--lr", "0.2"],
        env_variables={"OMP_NUM_THREADS": "2", "SLURM_JOB_ID": "8"},
        cpu_info=cpu,
        gpu_info=[{"name": "H100", "driver_version": "550"}],
    )
    difference = engine.compare(a, [b])
    assert difference["packages"] == {
        "changed": [{"key": "torch", "a": "2.1.0", "b": "2.2.0", "direction": "up"}],
        "added": [{"key": "new", "b": "3"}],
        "removed": [{"key": "old-name", "a": "1.0"}],
    }
    assert difference["command"] == {"a": a.command, "b": b.command}
    assert difference["environment"]["changed"] == [{"key": "OMP_NUM_THREADS", "a": "1", "b": "2"}]
    assert [entry["key"] for entry in difference["hardware"]["changed"]] == ["gpu0", "gpu_driver"]
    assert difference["code"] == difference["artifacts"] == difference["seed"] == {}
    assert difference["replica"] is False
    assert "Config: lr 0.1 → 0.2" in difference["sentences"]
    assert json.loads(json.dumps(difference)) == difference
    same = engine.compare(a, [a])
    sections = (*engine.SECTIONS, "parting", "order")
    assert not any(same[section] for section in sections)  # type: ignore[literal-required]


FILES: dict[str, str | bytes] = {
    "train.py": "a = 1\nb = 2\nc = 3\n",
    "old.py": "".join(f"line {n}\n" for n in range(30)),
    "same.py": "s\n",
    "data.bin": b"\0\1",
    "windows.txt": b"a\r\nb\r\n",
    "gone.py": "g\n",
}


def test_sources_are_compared_as_one_diff(pair: Pair) -> None:
    a = pair.run({}, FILES)
    after = {
        "train.py": "a = 1\nb = 20\nc = 3",
        "new.py": "".join(f"line {n}\n" for n in range(30)) + "one more\n",
        "same.py": "s\n",
        "data.bin": b"\0\2",
        "windows.txt": b"a\nb\n",
        "fresh.py": "f\n",
    }
    difference = code.compare(a, pair.run({}, after))
    assert {file["path"]: file["status"] for file in difference["files"]} == {
        "data.bin": "modified",
        "fresh.py": "added",
        "gone.py": "removed",
        "new.py": "renamed",
        "train.py": "modified",
        "windows.txt": "modified",
    }
    files = {file["path"]: file for file in difference["files"]}
    assert files["data.bin"]["binary"]
    assert files["windows.txt"]["line_ends"]
    assert (files["new.py"]["old_path"], files["new.py"]["added"], files["new.py"]["removed"]) == (
        "old.py",
        1,
        0,
    )
    assert (files["train.py"]["added"], files["train.py"]["removed"]) == (2, 2)
    assert "-b = 2\n-c = 3\n+b = 20\n+c = 3\n\\ No newline at end of file\n" in difference["diff"]
    assert sorted(patches.by_file(difference["diff"])) == sorted(files)


def test_a_diff_applies(pair: Pair, tmp_path: Path) -> None:
    chance = random.Random(7)
    before = {f"f{n}.py": "".join(f"{chance.randrange(9)}\n" for _ in range(60)) for n in range(8)}
    after = {}
    for name, text in before.items():
        lines = text.splitlines(keepends=True)
        for _ in range(chance.randrange(6)):
            lines[chance.randrange(len(lines))] = f"new {chance.random()}\n"
            del lines[chance.randrange(len(lines))]
        after[name] = "".join(lines)
    after["g.py"] = "g\n"
    del after["f0.py"]
    difference = code.compare(pair.run({}, before), pair.run({}, after))
    work = tmp_path / "work"
    work.mkdir()
    for name, text in before.items():
        (work / name).write_text(text)
    text = difference["diff"].replace("new file\n", "new file mode 100644\n")
    text = text.replace("deleted file\n", "deleted file mode 100644\n")
    subprocess.run(["git", "apply", "-"], cwd=work, input=text, text=True, check=True)
    assert {path.name: path.read_text() for path in work.iterdir()} == after


def notebook(*cells: str, output: str = "") -> str:
    entries = [{"cell_type": "code", "source": text, "outputs": [output]} for text in cells]
    return json.dumps({"cells": [*entries, {"cell_type": "markdown", "source": ["# Title\n", "text"]}]})


def test_notebooks_are_compared_by_cells_without_outputs(pair: Pair) -> None:
    a = pair.run({}, {"work.ipynb": notebook("x = 1", "y = 2", output="one")})
    assert code.compare(a, pair.run({}, {"work.ipynb": notebook("x = 1", "y = 2", output="two")})) == {}
    difference = code.compare(a, pair.run({}, {"work.ipynb": notebook("x = 1", "y = 3")}))
    assert (difference["files"][0]["added"], "+y = 3\n" in difference["diff"]) == (1, True)


def test_both_commits_with_their_patches_are_compared_in_the_repository(pair: Pair) -> None:
    pair.state({"train.py": "a = 1\nb = 2\n", "lib.py": "x\n"})
    first = commit(pair.project)
    pair.state({"train.py": "a = 1\nb = 3\n", "lib.py": "x\n"})
    patch = git(pair.project, "diff") + "\n"
    a = pair.run({}, git_info={"commit": first, "has_changes": True, "diff": patch})
    pair.state({"train.py": "a = 5\nb = 2\n", "lib.py": "y\n"})
    second = commit(pair.project)
    b = pair.run({}, git_info={"commit": second, "has_changes": False})
    difference = code.compare(a, b, pair.project)
    assert difference["origin"] == "commits"
    assert {file["path"] for file in difference["files"]} == {"train.py", "lib.py"}
    assert "-a = 1\n-b = 3\n+a = 5\n+b = 2\n" in difference["diff"]
    assert git(pair.project, "status", "--porcelain") == ""
    # The repository is gone: what is known is said.
    comparison = code.compare(a, b, pair.root)
    assert (comparison["commit_a"], comparison["commit_b"]) == (first, second)
    assert "neither" in comparison["note"]


def test_patches_of_one_commit_are_compared_without_a_repository(pair: Pair) -> None:
    patch = "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-a = 1\n+a = {}\n"
    head = "0" * 40
    runs = [pair.run({}, git_info={"commit": head, "diff": patch.format(number)}) for number in (2, 2, 3)]
    assert code.compare(runs[0], runs[1]) == {}
    difference = code.compare(runs[1], runs[2])
    assert difference["origin"] == "patches"
    assert [file["path"] for file in difference["files"]] == ["train.py"]
    cut = pair.run({}, git_info={"commit": head, "diff": patch.format(4), "diff_truncated": True})
    assert "not complete" in code.compare(runs[0], cut)["note"]


def test_a_run_with_half_of_the_facts_is_compared(pair: Pair) -> None:
    old = pair.run({"lr": 0.1}, git_info="odd", pip_packages="odd", command_line=7, gpu_info={"a": 1})
    new = pair.run(
        {"lr": 0.1}, {"train.py": "a\n"}, pip_packages=["torch==2"], command_line=["python", "t.py"]
    )
    difference = engine.compare(old, [new])
    assert difference["packages"] == difference["config"] == {}
    assert old.id in difference["code"]["note"]
    assert engine.compare(pair.run(None), [pair.run(None)])["sentences"] == [
        f"Nothing is known to have changed since run {old.id[:-1]}3"
    ]


def test_a_damaged_pack_is_said_and_hides_nothing_else(pair: Pair) -> None:
    a, b = (pair.run({"lr": n}, {"train.py": f"a = {n}\n"}) for n in (1, 2))
    pack = next((b.folder / "sources").iterdir())
    pack.unlink()
    pack.write_bytes(b"torn")
    difference = engine.compare(a, [b])
    assert "cannot be read" in difference["code"]["note"]
    assert difference["config"]["changed"]


def test_versions_of_artifacts_are_compared_with_their_files(pair: Pair, tmp_path: Path, home: Path) -> None:
    for number in (1, 2):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        (data / "same.csv").write_text("s")
        (data / "train.csv").write_text(str(number))
        (data / f"only{number}.csv").write_text("x")
        if number == 2:
            (data / "only1.csv").unlink()
        with rn.init("made", storage=pair.root, capture_env=False, system_metrics=False) as run:
            run.log_artifact(rn.Artifact("digits", "dataset").add_dir(data))
    a, b = (pair.run({}, used=[{"type": "dataset", "name": "digits", "version": n}]) for n in (1, 2))
    (changed,) = engine.compare(a, [b])["artifacts"]["changed"]
    assert (changed["key"], changed["a"], changed["b"]) == ("dataset/digits", 1, 2)
    assert changed["files"] == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "paths": ["+ only2.csv", "- only1.csv", "~ train.csv"],
    }


def test_a_replica_is_one_sentence(pair: Pair) -> None:
    a, b = (pair.run({"lr": 0.1, "seed": seed}, {"t.py": "a\n"}) for seed in (1, 2))
    difference = engine.compare(a, [b])
    assert difference["replica"]
    assert difference["sentences"] == [f"Replica of run {a.id} but for the seed"]
    assert difference["seed"] == {"a": 1, "b": 2}
    c = pair.run({"lr": 0.1, "seed": 3}, {"t.py": "b\n"})
    assert not engine.compare(a, [c])["replica"]  # without git, the kept sources say so


def test_a_run_is_compared_with_a_group(pair: Pair) -> None:
    a = pair.run({"lr": 0.1, "seed": 2, "wd": 0})
    group = [pair.run({"lr": 0.2, "seed": seed, "wd": seed}) for seed in (1, 2, 3)]
    changed = engine.compare(a, group)["config"]["changed"]
    assert [entry["key"] for entry in changed] == ["lr", "wd"]


def curve(*values_: float) -> Curve:
    return Curve(list(range(len(values_))), list(values_))


def noisy(seed: int, part: int = 10**6, count: int = 200) -> Curve:
    chance = random.Random(seed)
    return curve(*(1 / (n + 1) + chance.gauss(0, 0.02) + (0.3 if n >= part else 0) for n in range(count)))


def test_curves_part_where_they_leave_the_spread_of_replicas() -> None:
    a = [{"loss": noisy(seed), "same": curve(1, 2, 3)} for seed in (1, 2, 3)]
    b = [{"loss": noisy(seed, part=120), "same": curve(1, 2, 3)} for seed in (4, 5, 6)]
    (parting,) = find(a, b)
    assert (parting["metric"], parting["first"], parting["spread"]) == ("loss", 0, "replicas")
    assert parting["step"] is not None and 118 <= parting["step"] <= 124
    within = find(a[:2], [{"loss": noisy(9)}])
    assert within[0]["step"] is None


def test_beyond_the_end_of_the_replicas_the_noise_of_the_curves_counts() -> None:
    short = [{"loss": noisy(seed)} for seed in (3, 4)]
    a, b = ([{"loss": noisy(seed, count=1000)}, replica] for seed, replica in zip((1, 2), short, strict=True))
    assert find(a, b)[0]["step"] is None
    changed = [{"loss": noisy(2, part=600, count=1000)}, short[1]]
    (parting,) = find(a, changed)
    assert parting["spread"] == "replicas"
    assert parting["step"] is not None and 598 <= parting["step"] <= 604


def test_without_replicas_the_noise_of_the_curves_counts() -> None:
    (parting,) = find([{"loss": noisy(1)}], [{"loss": noisy(2, part=50)}])
    assert parting["spread"] == "curves"
    assert parting["step"] is not None and 48 <= parting["step"] <= 54
    exact = [curve(*(n**0.5 for n in range(50)))]
    other = curve(*(n**0.5 + (n >= 30) for n in range(50)))
    assert find([{"x": exact[0]}], [{"x": other}])[0]["step"] == 30
    assert find([{"x": exact[0]}], [{"x": exact[0]}]) == []
    lost = curve(*(math.nan if n >= 20 else n**0.5 for n in range(50)))
    assert find([{"x": exact[0]}], [{"x": lost}])[0]["step"] == 20
    assert find([{"x": Curve([0, 2, 4], [1, 1, 1])}], [{"x": Curve([1, 3, 5], [1, 1, 2])}])[0]["step"] == 4
    assert find([{"x": Curve([], [])}], [{"x": exact[0]}]) == []


def test_partings_are_listed_by_step() -> None:
    a = {name: curve(*([0.0] * 40)) for name in ("late", "early")}
    b = {"late": curve(*([0.0] * 30 + [1.0] * 10)), "early": curve(*([0.0] * 10 + [1.0] * 30))}
    assert [(entry["metric"], entry["step"]) for entry in find([a], [b])] == [("early", 10), ("late", 30)]


def test_replicas_are_compared_with_the_spread_of_all_replicas(pair: Pair) -> None:
    rng = random.Random(5)
    runs = [pair.run({"lr": 1, "seed": seed}) for seed in range(5)]
    curves = {}
    for run in runs:
        walk = [0.0]
        for _ in range(99):
            walk.append(walk[-1] + rng.gauss(0, 1))
        curves[run.id] = {"loss": curve(*walk)}

    def parting(replicas: list[RunFacts]) -> dict[str, Any]:
        (entry,) = engine.compare(
            runs[0],
            [runs[1]],
            curves=lambda run: curves[run.id],
            find_partings=find,
            replicas_of=lambda run: replicas,
        )["parting"]
        return dict(entry)

    assert parting(runs) == {"metric": "loss", "step": None, "first": 1, "spread": "replicas"}
    assert parting(runs[:2])["spread"] == "curves"


@pytest.mark.parametrize("length", [1, 2, 5, 10, 11, 12])
def test_short_curves_of_replicas_are_compared(length: int) -> None:
    a = [{"loss": curve(*([0.1 * n] * length))} for n in range(3)]
    b = [{"loss": curve(*([5 + 0.1 * n] * length))} for n in range(3)]
    (parting,) = find(a, b)
    assert (parting["step"], parting["spread"]) == (0, "replicas")


def test_sections_that_change_rarely_come_first(pair: Pair) -> None:
    runs = [
        pair.run({"lr": n}, {"t.py": "a\n" if n < 9 else "b\n"}, pip_packages=["t==1"]) for n in range(10)
    ]
    order = project.order_of_sections(list(reversed(runs)))
    assert order.index("packages") < order.index("code") < order.index("config")
    difference = engine.compare(runs[0], [runs[9]], order=order)
    assert difference["order"] == ["code", "config"]


def test_the_predecessor_is_the_newest_run_of_the_same_script(pair: Pair) -> None:
    first = pair.run({}, command_line=["/usr/bin/python3", "-u", "dir/train.py"])
    pair.run({}, command_line=["python", "-m", "eval"])
    last = pair.run({}, command_line=["python", "train.py", "--lr=1"])
    earlier = project.runs_before(pair.root, last)
    assert [run.program for run in earlier] == ["eval", "train.py"]
    predecessor = project.predecessor(last, earlier)
    assert predecessor is not None and predecessor.id == first.id
    again = pair.run({}, command_line=["python", "train.py"], meta={"parent": first.id})
    predecessor = project.predecessor(again, project.runs_before(pair.root, again))
    assert predecessor is not None and predecessor.id == first.id  # what a run repeats wins over the newest


def test_the_predecessor_among_runs_of_one_second_is_the_one_that_began_before(pair: Pair) -> None:
    runs = [
        pair.run({"n": number}, run_id=f"20260101_000000_{end}", meta={"created_at": 10 + number / 10})
        for number, end in enumerate(("cccccc", "aaaaaa", "dddddd", "bbbbbb"))
    ]
    for number, run in enumerate(runs):
        earlier = [other.id for other in project.runs_before(pair.root, run)]
        assert earlier == [other.id for other in reversed(runs[:number])]


def test_a_run_is_compared_with_the_one_that_it_repeats_however_old_that_is(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "LOOKED_AT", 2)
    first, *_ = [pair.run({}, command_line=["train.py"]) for _ in range(5)]
    again = pair.run({}, command_line=["train.py"], meta={"parent": first.id})
    predecessor = project.predecessor(again, project.runs_before(pair.root, again))
    assert predecessor is not None and predecessor.id == first.id


def test_the_rules_of_the_project_decide_on_replicas(pair: Pair) -> None:
    runs = [pair.run({"lr": 1, "fold": fold}, command_line=["train.py"]) for fold in range(3)]
    assert project.replicas_among(runs[2], runs) == []

    def name_fold(content: analysis.Analysis) -> None:
        content["seed_keys"] = ["fold"]

    analysis.update(pair.root, "p", name_fold)
    first, second, third = (RunFacts(pair.root, run.folder) for run in runs)
    assert project.replicas_among(third, [first, second]) == [first, second]
    difference = engine.compare(first, [second])
    assert difference["replica"] is True
    assert difference["sentences"] == [f"Replica of run {first.id} but for the seed"]
    # A run that a user moved to another project follows the rules of that one.
    layout.write_json(third.folder / layout.CURATION, {"project": "q"})
    assert project.replicas_among(RunFacts(pair.root, third.folder), [first, second]) == []


def test_only_as_many_earlier_runs_are_read_as_are_needed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [pair.run({}) for _ in range(6)]
    monkeypatch.setattr(project, "LOOKED_AT", 2)
    stats = []
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: stats.append(path) or exists(path))
    assert [run.id for run in project.runs_before(pair.root, runs[5])] == [runs[4].id, runs[3].id]
    assert len(stats) == 2


def test_five_thousand_keys_and_a_large_change_of_code_are_compared_whole(pair: Pair) -> None:
    a, b = (
        pair.run(
            {f"group{n % 50}": {} for n in range(50)} | {f"key{n}": n * step for n in range(5000)},
            {
                "train.py": "".join(f"x{n} = {n * step}\n" for n in many(range(20_000))),
                **{f"m{n}.py": "m" for n in range(300)},
            },
            pip_packages=[f"p{n}=={step}" for n in range(400)],
        )
        for step in (1, 2)
    )
    difference = engine.compare(a, [b])
    assert len(difference["config"]["changed"]) == 4999
    assert difference["code"]["files"][0]["added"] == 19999
