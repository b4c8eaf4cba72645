"""Values that may be logged: numbers, booleans and short texts of any library. Others are reported once."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runicorn as rn
from runicorn.store import journal, values
from tests.sdk.tracking.scripts import Recorded

SCALARS = st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**64 - 1) | st.text()


class Tensor:
    """As torch behaves: one element is a number, more are refused, `float()` included."""

    def __init__(self, *elements: float) -> None:
        self.elements = elements

    def item(self) -> float:
        if len(self.elements) != 1:
            raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
        return self.elements[0]

    def __float__(self) -> float:
        return self.item()


class Colour(enum.IntEnum):
    RED = 3


def _logged(run: rn.Run) -> dict[str, Any]:
    (data,) = Recorded(run.run_dir).events()
    return {key: value for key, value in data.items() if key not in ("time", "global_step")}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.float16(2), 2.0),
        (np.longdouble(1.5), 1.5),
        (np.int64(7), 7),
        (np.uint8(255), 255),
        (np.bool_(True), True),
        (np.array(3.0), 3.0),
        (np.array([4]), 4),
        (np.str_("fold-1"), "fold-1"),
        (Tensor(0.25), 0.25),
        (Decimal("0.5"), 0.5),
        (Fraction(1, 4), 0.25),
        (Colour.RED, 3),
        (True, True),
        (None, None),
        ("warm-up", "warm-up"),
        (2**70, 2**70),
    ],
)
def test_numbers_of_any_library_are_numbers(begin: Callable[..., rn.Run], value: Any, plain: Any) -> None:
    run = begin()
    run.log({"m": value, "loss": 0.1})
    logged = _logged(run)
    assert logged == {"m": plain, "loss": 0.1} and type(logged["m"]) is type(plain)


@pytest.mark.parametrize(
    "value",
    [
        [1.0],
        {},
        (1,),
        object(),
        np.arange(3),
        Tensor(1, 2),
        1 + 2j,
        np.complex64(1),
        b"x",
        {1},
        Path("x"),
    ],
)
def test_an_unsupported_value_is_reported_once_and_affects_no_other(
    begin: Callable[..., rn.Run], value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    capsys.readouterr()
    run.log({"odd": value, "loss": 0.5})
    assert _logged(run) == {"loss": 0.5}
    run.log({"odd": value})
    err = capsys.readouterr().err
    assert err.startswith("runicorn: 'odd' is a") and err.count("\n") == 1


def test_an_enormous_integer_is_reported(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    run.log({"big": 10**5000, "loss": 1.0})
    assert _logged(run) == {"loss": 1.0} and "'big' is a int" in capsys.readouterr().err


def test_nan_and_infinities_are_written_bare(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": np.float32("nan")})
    line = (run.run_dir / "events.jsonl").read_text()
    assert '"a":NaN,"b":Infinity,"c":-Infinity,"d":NaN' in line.replace(" ", "")


@pytest.mark.parametrize("name", ["time", "ts", "step", "global_step"])
def test_a_reserved_name_is_reported_once_and_left_out(
    begin: Callable[..., rn.Run], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    capsys.readouterr()
    run.log({name: 99, "loss": 1.0}, step=5)
    assert _logged(run) == {"loss": 1.0}
    run.log({name: 99, "loss": 1.0})
    assert Recorded(run.run_dir).steps() == [5, 6]
    assert capsys.readouterr().err.count("reserved") == 1


def test_the_stage_is_kept_beside_the_record(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"loss": 1.0}, stage="train")
    run.log({"loss": 1.0, "stage": "val"})
    run.log({"loss": 1.0})
    assert [data.get("stage") for data in Recorded(run.run_dir).events()] == ["train", "val", None]


def test_keywords_are_metrics_too_and_win(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"loss": 1.0, "acc": 0.5}, loss=2.0)
    assert _logged(run) == {"loss": 2.0, "acc": 0.5}


def test_names_need_not_be_text(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({1: 0.5, (2, 3): 0.25, None: np.float32(1)})
    assert _logged(run) == {"1": 0.5, "(2, 3)": 0.25, "None": 1.0}


def test_the_given_dict_is_not_changed(begin: Callable[..., rn.Run]) -> None:
    data = {"loss": 1.0}
    begin().log(data, step=3, stage="train")
    assert data == {"loss": 1.0}


@pytest.mark.parametrize("data", [3, 0.5, "loss", [1, 2], ("loss", 1), object()])
def test_an_argument_that_is_no_dict_is_reported_once(
    begin: Callable[..., rn.Run], data: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = begin()
    capsys.readouterr()
    run.log(data, acc=1.0)
    run.log(data)
    err = capsys.readouterr().err
    assert err.startswith("runicorn: log() takes a dict like {'loss': 0.5}, not ") and err.count("\n") == 1
    assert Recorded(run.run_dir).events()[0]["acc"] == 1.0


def test_nested_dicts_become_names_with_slashes(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"train": {"loss": np.float32(0.5), "top": {1: 0.25, "time": 2.0}}, "lr": 1})
    assert _logged(run) == {"train/loss": 0.5, "train/top/1": 0.25, "train/top/time": 2.0, "lr": 1}


def test_a_dict_that_holds_itself_is_reported(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    data: dict[str, Any] = {"loss": 1.0}
    data["self"] = data
    begin().log(data)
    assert "is a dict and was not logged" in capsys.readouterr().err


def test_step_and_stage_may_be_positional(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"loss": 1.0}, 7, "val")
    assert Recorded(run.run_dir).events()[0] | {"time": 0} == {
        "loss": 1.0,
        "global_step": 7,
        "stage": "val",
        "time": 0,
    }


class Hostile:
    """An object of which nothing can be read."""

    def __getattr__(self, name: str) -> Any:
        raise OSError(name)

    def __str__(self) -> str:
        raise KeyError("no text")

    __repr__ = __str__


def test_an_object_that_raises_reaches_no_caller(
    begin: Callable[..., rn.Run], capsys: pytest.CaptureFixture[str]
) -> None:
    odd: Any = Hostile()
    run = begin(config={"odd": odd, "lr": 1})
    run.log({"odd": odd, odd: 1.0}, stage=odd)
    run.log(odd)
    run.log_text(odd)
    run.summary({"odd": odd, odd: 2})
    run.summary(odd)
    run.config.update(odd)
    run.config[odd] = 1
    run.alert(odd)
    for log in (run.log_image, run.log_table, run.log_histogram, run.log_audio, run.log_video):
        assert log(odd, odd) == ""
    assert run.log_table("t", [{"odd": odd}]) != ""
    assert run.log_file(odd, odd, odd) == ""
    assert Recorded(run.run_dir).json("config") == {"odd": "<Hostile>", "lr": 1, "<Hostile>": 1}
    assert Recorded(run.run_dir).json("summary") == {"<Hostile>": 2}
    assert Recorded(run.run_dir).events()[0]["<Hostile>"] == 1.0
    assert "'odd' is a Hostile and was not logged" in capsys.readouterr().err


def _same(a: Any, b: Any) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)
    return both_nan or (a == b and type(a) is type(b))


@pytest.mark.parametrize("encoder", [journal.load_encoder(), journal.encode_slowly])
def test_every_loggable_value_comes_back_as_it_was(encoder: journal.Encoder) -> None:
    @given(st.dictionaries(st.text(), SCALARS))
    def check(data: dict[str, Any]) -> None:
        line = encoder({"ts": 1.5, "type": "metrics", "data": data})
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        event = json.loads(line)
        assert event["ts"] == 1.5 and event["type"] == "metrics" and event["data"].keys() == data.keys()
        assert all(_same(event["data"][key], value) for key, value in data.items())

    check()


@given(
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
)
def test_what_json_can_hold_is_left_as_it_is(value: Any) -> None:
    json.dumps(values.jsonable(value))
    assert repr(values.jsonable(value)) == repr(value)


def test_text_that_is_no_unicode_costs_only_its_marks(begin: Callable[..., rn.Run]) -> None:
    run = begin()
    run.log({"text\udc80": "a\ud800b"})
    assert _logged(run) == {"text?": "a?b"}
