"""Settings of any shape become one level of dotted keys, in `config.json` as soon as they are set."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import enum
import json
import math
import types
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import runicorn as rn
from tests.sdk.tracking.scripts import Recorded, Script, only_run


@dataclasses.dataclass
class Optim:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


@dataclasses.dataclass
class Training:
    epochs: int = 3
    optim: Optim = dataclasses.field(default_factory=Optim)


class Pair(NamedTuple):
    a: int
    b: Any


class Kind(enum.Enum):
    SGD = "sgd"


def _on_disk(run: rn.Run) -> dict[str, Any]:
    return Recorded(run.run_dir).json("config")


@pytest.mark.parametrize(
    ("params", "flat"),
    [
        ({"lr": 0.1}, {"lr": 0.1}),
        ({"optim": {"lr": 0.1, "a": {"b": 1}}, "n": None}, {"optim.lr": 0.1, "optim.a.b": 1, "n": None}),
        (Training(), {"epochs": 3, "optim.lr": 0.1, "optim.betas": [0.9, 0.99]}),
        (argparse.Namespace(lr=0.1, data=Path("d")), {"lr": 0.1, "data": "d"}),
        (types.SimpleNamespace(o=Optim(1.0, (0, 0))), {"o.lr": 1.0, "o.betas": [0, 0]}),
        (OrderedDict(b=1, a={"x": argparse.Namespace(y=2)}), {"b": 1, "a.x.y": 2}),
        ({"layers": [{"size": 3}]}, {"layers": [{"size": 3}]}),
        ({"empty": {}, 1: {2: 3}}, {"empty": {}, "1.2": 3}),
        ({"lr": np.float32(0.5), "shape": np.arange(2)}, {"lr": 0.5, "shape": [0, 1]}),
        ({"p": Pair(1, [2])}, {"p.a": 1, "p.b": [2]}),
        (Pair(1, Optim(0.5, (0, 1))), {"a": 1, "b.lr": 0.5, "b.betas": [0, 1]}),
        ({"kind": Kind.SGD, "at": datetime.date(2026, 1, 2)}, {"kind": "sgd", "at": "2026-01-02"}),
        ({"stages": [Optim(1.0, (0, 0)), Path("d")]}, {"stages": [{"lr": 1.0, "betas": [0, 0]}, "d"]}),
        ({}, None),
    ],
)
def test_settings_become_one_level(
    begin: Callable[..., rn.Run], params: Any, flat: dict[str, Any] | None
) -> None:
    run = begin(config=params)
    assert dict(run.config) == (flat or {})
    assert _on_disk(run) == flat if flat else not (run.run_dir / "config.json").exists()


def test_what_json_cannot_hold_is_described(begin: Callable[..., rn.Run]) -> None:
    run = begin(config={"f": np.mean, "c": Optim, "o": 1j, "deep": {"x": [object]}})
    config = _on_disk(run)
    assert config["f"].endswith("mean") and config["c"].endswith("Optim") and config["o"] == "1j"
    assert config["deep.x"] == ["builtins.object"]


@pytest.mark.parametrize("params", [3, "lr=1", [1, 2], Optim, None.__class__])
def test_what_has_no_named_parts_raises(begin: Callable[..., rn.Run], folder: Path, params: Any) -> None:
    with pytest.raises(TypeError, match="A config is a dict"):
        begin(config=params)
    assert list(folder.iterdir()) == []


def test_the_config_is_a_dict_whose_changes_are_written(begin: Callable[..., rn.Run]) -> None:
    run = begin(config={"lr": 1})
    run.config["optim"] = {"name": "adam"}
    run.config.update({"a": 1}, b=2)
    run.config.update(argparse.Namespace(c=3))
    run.config.update([("d", 4)])
    del run.config["lr"]
    assert run.config.setdefault("a", 9) == 1 and run.config.get("nothing") is None and "a" in run.config
    expected = {"optim.name": "adam", "a": 1, "b": 2, "c": 3, "d": 4}
    assert dict(run.config) == expected == _on_disk(run) and len(run.config) == 5
    assert repr(run.config) == f"Config({expected!r})"


def test_a_missing_setting_is_a_key_error(begin: Callable[..., rn.Run]) -> None:
    with pytest.raises(KeyError, match="lr"):
        begin().config["lr"]


def test_a_config_that_holds_itself_ends_somewhere(begin: Callable[..., rn.Run]) -> None:
    config: dict[str, Any] = {"a": 1}
    config["self"] = config
    assert dict(begin(config=config).config)["a"] == 1


def test_secrets_are_masked_in_the_file_and_not_in_the_training(begin: Callable[..., rn.Run]) -> None:
    secrets_in_config = {
        "password": "hunter2",
        "db": {"api_key": "k1", "url": "postgresql://ada:pw@db/x"},
        "hub_token": "t",
        "notes": "uses ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "servers": [{"name": "a", "secret": "s"}],
    }
    harmless = {"tokenizer": "bert", "max_tokens": 512, "pad_token": "[PAD]", "sort_key": "date", "token": 7}
    run = begin(config={**secrets_in_config, **harmless})
    run.config["wandb_api_key"] = "k2"
    on_disk = _on_disk(run)
    assert run.config["password"] == "hunter2" and run.config["wandb_api_key"] == "k2"
    for name in ("password", "db.api_key", "hub_token", "wandb_api_key"):
        assert on_disk[name] == "***", name
    assert on_disk["db.url"] == "postgresql://***@db/x" and on_disk["notes"] == "uses ***"
    assert on_disk["servers"] == [{"name": "a", "secret": "***"}]
    assert {name: on_disk[name] for name in harmless} == harmless


def test_a_secret_of_the_environment_is_masked_under_any_name(
    begin: Callable[..., rn.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "a-long-secret")
    assert _on_disk(begin(config={"login": "me:a-long-secret"})) == {"login": "me:***"}


def test_nan_leaves_the_file_valid_json_and_the_training_its_number(begin: Callable[..., rn.Run]) -> None:
    run = begin(config={"nan": math.nan, "inf": np.float32("inf"), "list": [1.0, {"x": -math.inf}]})
    run.config["later"] = math.nan

    def reject(constant: str) -> None:
        raise AssertionError(constant)

    text = (run.run_dir / "config.json").read_text()
    expected = {"nan": "nan", "inf": "inf", "list": [1.0, {"x": "-inf"}], "later": "nan"}
    assert json.loads(text, parse_constant=reject) == expected
    assert math.isnan(run.config["nan"]) and run.config["inf"] == math.inf


def test_a_long_array_is_abbreviated(begin: Callable[..., rn.Run]) -> None:
    config = _on_disk(begin(config={"weights": np.zeros((1000, 1000)), "object": Plain()}))
    assert config["weights"].startswith("[[0. 0. 0. ... 0. 0. 0.]") and len(config["weights"]) < 1001
    assert config["object"] == f"<{__name__}.Plain object>"


class Plain:
    """An object without a text of its own."""


def test_a_change_without_names_is_reported(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin(config={"lr": 1})
    for wrong in (3, "lr=1", [1, 2]):
        run.config.update(wrong)
    run.log_config(args=3)
    assert _on_disk(run) == {"lr": 1}
    assert capsys.readouterr().err.count("the config was not changed: ") == 1


WRITES = """
run = rn.init("p", "n", run_id="20260101_000000_abcdef", resume=True, capture_env=False, system_metrics=False)
print("ready", flush=True); sys.stdin.readline()
for n in range(20):
    run.config[f"{sys.argv[1]}{n}"] = n
    run.summary({f"{sys.argv[1]}{n}": n})
"""


def test_two_processes_keep_each_others_settings_and_summary(
    script: Callable[..., Script], folder: Path
) -> None:
    writers = [script(WRITES, name) for name in ("a", "b")]
    for writer in writers:
        assert writer.hear() == "ready"
    for writer in writers:
        writer.tell("go")
    assert [writer.end() for writer in writers] == [0, 0]
    expected = {f"{name}{n}" for name in ("a", "b") for n in range(20)}
    assert set(only_run(folder).json("config")) == expected
    assert set(only_run(folder).json("summary")) == expected


def test_a_removed_setting_stays_removed(begin: Callable[..., rn.Run]) -> None:
    run = begin(config={"a": 1})
    del run.config["a"]
    run.config["b"] = 2
    assert _on_disk(run) == {"b": 2}
