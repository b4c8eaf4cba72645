"""Settings objects of pydantic, attrs, OmegaConf and torch are readable in `config.json`."""

from __future__ import annotations

import datetime
import enum
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import runicorn as rn
from tests.sdk.integrations.libraries import needs_library


class Color(enum.Enum):
    RED = "red"


def on_disk(run: rn.Run) -> Any:
    return json.loads((run.run_dir / "config.json").read_text(encoding="utf-8"))


@needs_library("pydantic")
def test_models_of_pydantic_are_their_fields(begin: Callable[..., rn.Run]) -> None:
    import pydantic

    class Optim(pydantic.BaseModel):
        lr: float = 0.1
        color: Color = Color.RED
        at: datetime.datetime = datetime.datetime(2026, 1, 2)
        token: pydantic.SecretStr = pydantic.SecretStr("hunter2")

    class Training(pydantic.BaseModel, extra="allow"):
        optim: Optim = Optim()
        data: Path = Path("d")

    training = Training(warmup=3)  # type: ignore[call-arg]
    optim = {"optim.lr": 0.1, "optim.color": "red", "optim.at": "2026-01-02T00:00:00", "optim.token": "***"}
    assert on_disk(begin(config=training)) == {**optim, "data": "d", "warmup": 3}
    stages = on_disk(begin(config={"stages": [Optim(lr=1)]}))["stages"]
    assert stages[0]["lr"] == 1.0 and "hunter2" not in str(stages)


@needs_library("attrs")
def test_classes_of_attrs_are_their_attributes(begin: Callable[..., rn.Run]) -> None:
    import attrs

    @attrs.define
    class Optim:
        lr: float = 0.1

    @attrs.define
    class Training:
        optim: Optim = attrs.Factory(Optim)
        epochs: int = 3

    run = begin(config=Training())
    run.log(Training())  # type: ignore[arg-type]
    assert on_disk(run) == {"optim.lr": 0.1, "epochs": 3}


@needs_library("omegaconf")
def test_configs_of_omegaconf_are_resolved_where_they_can_be(begin: Callable[..., rn.Run]) -> None:
    from omegaconf import OmegaConf

    config = OmegaConf.create(
        {
            "optim": {"lr": 0.1, "twice": "${optim.lr}", "missing": "???", "wrong": "${nowhere}"},
            "layers": [{"size": "${optim.lr}"}, 3],
        }
    )
    flat = {"optim.lr": 0.1, "optim.twice": 0.1, "optim.missing": "???", "optim.wrong": "${nowhere}"}
    assert on_disk(begin(config=config)) == {**flat, "layers": [{"size": 0.1}, 3]}
    nested = on_disk(begin(config={"o": config.optim, "layers": config.layers}))
    assert nested["o.lr"] == 0.1 and nested["layers"] == [{"size": 0.1}, 3]


@needs_library("torch")
def test_values_of_torch_are_plain(begin: Callable[..., rn.Run]) -> None:
    import torch

    config = {"lr": torch.tensor(0.5), "dtype": torch.float16, "device": torch.device("cpu")}
    weights = {"few": torch.ones(2), "many": torch.zeros(2000)}
    params = on_disk(begin(config={**config, **weights}))
    assert params["lr"] == 0.5 and params["dtype"] == "torch.float16" and params["device"] == "cpu"
    assert params["few"] == [1.0, 1.0] and params["many"].startswith("tensor([0., 0., 0.,  ...")
