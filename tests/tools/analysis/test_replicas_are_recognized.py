"""Replicas among mixed runs, recognized from the files of run folders."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from runicorn.capture.git import Repository
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.redaction import Masking
from runicorn.capture.sources import keep
from runicorn.capture.subprocesses import Commands
from runicorn.store import layout
from runicorn_tools.analysis.replicas import Rules, key_of_folder, replica_key, seed_of
from tests.folders import write_run
from tests.large import many

PACKAGES = ["numpy==2.1.0", "torch==2.6.0"]


def _write(root: Path, project: str, source: random.Random, number: int, setting: dict[str, Any]) -> Path:
    """Write a run of a setting with a seed, host, names and folders of its own."""
    style = setting["style"]
    seed = source.randrange(100_000)
    place = source.choice(["/home/ada", "/scratch/bob", "/mnt/nfs3/x"])
    config: dict[str, Any] = {
        style["seed"]: seed,
        **setting["config"],
        style["output"]: f"{place}/out/{number}-seed{seed}",
        "run_name": f"brave-owl-{number}",
        "data_root": f"{place}/{setting['data']}",
    }
    if style["nested"]:
        config["trainer"] = {"log_dir": f"runs/{number}", "epochs": setting["epochs"]}
    else:
        config["epochs"] = float(setting["epochs"]) if source.random() < 0.5 else setting["epochs"]
    run_id = write_run(
        root,
        project,
        f"attempt-{number}",
        run_id=f"20261101_120000_{number:06d}",
        config=config,
        group=setting["group"],
        hostname=f"node{source.randrange(9)}",
    )
    folder = root / project / f"attempt-{number}" / "runs" / run_id
    environment = {
        "command_line": [f"{place}/{setting['script']}", f"--seed={seed}"],
        "working_dir": place,
        "git_info": {
            "commit": setting["commit"],
            "has_changes": bool(setting["diff"]),
            "diff": setting["diff"],
        },
        "pip_packages": source.sample([*PACKAGES, f"rich=={source.randrange(3)}.0"], 3),
    }
    (folder / "environment.json").write_text(json.dumps(environment))
    inputs = [
        {"name": "corpus", "type": "dataset", "version": setting["version"], "used_at": source.random()}
    ]
    (folder / "artifacts_used.json").write_text(json.dumps({"artifacts": inputs}))
    return folder


def _settings(source: random.Random, project: int) -> list[dict[str, Any]]:
    """Return different settings of a project: each differs from another one in a single respect at least."""
    style = {
        "seed": source.choice(["seed", "random_state", "train.seed", "Trainer/seed", "rng-seed"]),
        "output": source.choice(["output_dir", "save_path", "train.ckpt_dir", "logDir"]),
        "nested": source.random() < 0.5,
    }
    base: dict[str, Any] = {
        "style": style,
        "config": {"lr": 0.1, "model.name": "resnet18", "optim": "sgd", "layers": [1, 2]},
        "data": "imagenet",
        "epochs": 3,
        "script": "train.py",
        "commit": f"{project:040d}",
        "diff": "",
        "version": 1,
        "group": "",
    }
    config = base["config"]
    settings = [
        base,
        base | {"data": "cifar10"},
        base | {"epochs": 4},
        base | {"script": "train_old.py"},
        base | {"commit": "f" * 40},
        base | {"diff": "+x = 1"},
        base | {"diff": "+x = 2"},
        base | {"version": 2},
        base | {"group": "ablation"},
        base | {"group": "other"},
        base | {"group": "ablation", "config": config | {"lr": 0.5}},
        base | {"config": config | {"model.name": "resnet50"}},
        base | {"config": config | {"layers": [2, 1]}},
        base | {"config": config | {"warmup": None}},
        base | {"config": config | {"warmup": "None"}},
    ]
    settings += [base | {"config": config | {"lr": source.random()}} for _ in range(20)]
    return settings


def test_of_a_thousand_mixed_runs_none_is_joined_wrongly_and_none_missed(tmp_path: Path) -> None:
    source = random.Random(30)
    truth: dict[tuple[int, int], list[Path]] = defaultdict(list)
    settings = [_settings(random.Random(project), project) for project in range(10)]
    for number in many(range(1000)):
        project = number % 10
        at = source.randrange(len(settings[project]))
        truth[project, at].append(
            _write(tmp_path, f"project-{project}", source, number, settings[project][at])
        )
    keys = {folder: key_of_folder(folder) for folders in truth.values() for folder in folders}
    joined: dict[tuple[str, str], set[Path]] = defaultdict(set)
    for folder, key in keys.items():
        assert key
        joined[folder.relative_to(tmp_path).parts[0], key].add(folder)
    expected = {pair for group in truth.values() for pair in combinations(sorted(group), 2)}
    actual = {pair for group in joined.values() for pair in combinations(sorted(group), 2)}
    assert len(expected) > 1000
    assert len(actual - expected) == 0
    assert len(expected - actual) == 0


def test_a_run_without_any_setting_has_no_replicas() -> None:
    assert replica_key({}) == replica_key({}, environment={"command_line": ["train.py"]}) == ""
    assert replica_key({}, group="baseline") == replica_key({"seed": 3}, group="baseline") != ""
    assert replica_key({"seed": 1}) == replica_key({"seed": 2}) != ""


def test_a_group_wins_over_code_data_and_host() -> None:
    first = {"git_info": {"commit": "a"}, "command_line": ["train.py"]}
    second = {"git_info": {"commit": "b"}, "command_line": ["main.py"]}
    config = {"lr": 0.1}
    assert replica_key(config, environment=first) != replica_key(config, environment=second)
    assert replica_key(config, group="g", environment=first) == replica_key(
        config, group="g", environment=second
    )
    assert replica_key(config, group="g") != replica_key(config, group="h")
    assert replica_key(config, group="g") != replica_key({"lr": 0.2}, group="g")


def test_sources_count_where_no_repository_tells_the_version() -> None:
    config, git = {"lr": 1}, {"git_info": {"commit": "a"}}
    assert replica_key(config, sources="1") != replica_key(config, sources="2")
    assert replica_key(config, sources="1", environment=git) == replica_key(
        config, sources="2", environment=git
    )


def test_sources_count_where_a_commit_has_uncommitted_changes() -> None:
    config = {"lr": 1}
    git = {"commit": "a", "has_changes": True, "diff": "+x = 1"}
    # The patch lacks files that were never added to the repository.
    keys = [
        replica_key(config, sources=sources, environment={"git_info": git}) for sources in ("1", "1", "2")
    ]
    assert keys[0] == keys[1] != keys[2]
    changed = git | {"diff": "+x = 2"}
    without = [replica_key(config, environment={"git_info": about}) for about in (git, changed)]
    assert without[0] != without[1]


def test_settings_of_old_versions_and_deep_nesting_are_read(tmp_path: Path) -> None:
    first, second = (tmp_path / "p" / "n" / "runs" / write_run(tmp_path, "p", "n") for _ in range(2))
    for folder, rate in ((first, 0.1), (second, 0.2)):
        (folder / "assets.json").write_text(json.dumps({"config": {"args": {"lr": rate}}}))
    assert "" != key_of_folder(first) != key_of_folder(second) != ""
    # Parsed by C code, which nests deeper than Python functions can.
    (first / "config.json").write_text('{"a":' + "[" * 700 + "]" * 700 + "}")
    assert isinstance(key_of_folder(first), str)


def test_a_project_names_seeds_and_compares_packages() -> None:
    rules = Rules(frozenset({"split", "data.fold"}), compare_packages=True)
    assert replica_key({"split": 1, "lr": 1}) != replica_key({"split": 2, "lr": 1})
    assert replica_key({"split": 1, "lr": 1}, rules=rules) == replica_key({"split": 2, "lr": 1}, rules=rules)
    nested = [{"data": {"fold": fold}, "model": {"fold": 1}} for fold in (1, 2)]
    assert replica_key(nested[0], rules=rules) == replica_key(nested[1], rules=rules)
    assert replica_key({"model.fold": 1}, rules=rules) != replica_key({"model.fold": 2}, rules=rules)
    old, new = ({"pip_packages": [f"torch=={version}"]} for version in (1, 2))
    assert replica_key({"lr": 1}, environment=old) == replica_key({"lr": 1}, environment=new)
    assert replica_key({"lr": 1}, environment=old, rules=rules) != replica_key(
        {"lr": 1}, environment=new, rules=rules
    )


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        ({"seed": 7, "lr": 1}, 7),
        ({"a": {"random_state": 3}}, 3),
        ({"seed": 1, "data.seed": 2}, {"seed": 1, "data.seed": 2}),
        ({"lr": 1}, None),
    ],
)
def test_seeds_are_listed(config: dict[str, Any], seed: object) -> None:
    assert seed_of(config) == seed


def test_results_beside_the_program_of_a_clean_repository_are_no_other_version(tmp_path: Path) -> None:
    store, program = tmp_path / "store", tmp_path / "program"
    program.mkdir()
    (program / "train.py").write_text("a = 1\n")
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "state"]):
        subprocess.run([*git, *arguments], cwd=program, check=True)
    start = ProgramStart(str(program), [], [], "train.py", dict(os.environ), time.time() - 60)

    def run(number: int) -> str:
        folder = store / "p" / "n" / "runs" / f"20260101_000000_{number:06d}"
        folder.mkdir(parents=True)
        about = {"id": folder.name, "project": "p", "name": "n", "created_at": time.time() - 60}
        layout.write_json(folder / layout.META, about)
        layout.write_json(folder / layout.CONFIG, {"lr": 0.1, "seed": number})
        keep.keep(store, folder, start)
        repository = Repository(program, Commands(), Masking({}), start.variables)
        layout.write_json(
            folder / layout.ENVIRONMENT,
            {"command_line": ["train.py"], "git_info": repository.describe()},
        )
        return key_of_folder(folder)

    first = run(1)
    (program / "results.csv").write_text("seed,loss\n1,0.5\n")
    assert run(2) == first != ""
    (program / "model.py").write_text("b = 1\n")  # a source that git does not have yet
    added = run(3)
    assert added != first
    (program / "model.py").unlink()
    (program / "train.py").write_text("a = 2\n")
    assert run(4) not in (first, added)
