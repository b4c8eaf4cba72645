"""`log_audio`, `log_video` and `log_file`: files are stored unchanged, arrays become WAV and GIF."""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import runicorn as rn
from runicorn.media import sounds
from tests.sdk.tracking.scripts import Recorded


@pytest.fixture
def run(begin: Callable[..., rn.Run]) -> rn.Run:
    return begin()


def samples_of(content: bytes) -> tuple[int, int, list[int]]:
    """Channels, rate and samples of a WAV file."""
    with wave.open(io.BytesIO(content)) as file:
        values = array("h", file.readframes(file.getnframes()))
        return file.getnchannels(), file.getframerate(), list(values)


@pytest.mark.parametrize(
    ("samples", "channels", "values"),
    [
        ([0.0, 0.5, -1.0, 2.0], 1, [0, 16384, -32767, 32767]),
        ([0, 1000, -40000], 1, [0, 1000, -32768]),
        ([math.nan, 1.0], 1, [0, 32767]),
        ([[0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]], 2, [0, 32767, -32767, 0, 0, 0]),
        ([[0, 1, 2], [3, 4, 5]], 2, [0, 3, 1, 4, 2, 5]),
    ],
)
@pytest.mark.parametrize("convert", [list, np.array])
def test_samples_become_a_wav_file(
    run: rn.Run, samples: Any, channels: int, values: list[int], convert: Callable[[Any], Any]
) -> None:
    path = run.log_audio("s", convert(samples), step=3, caption="c", sample_rate=8000)
    assert path.endswith("_s.wav")
    sound = samples_of((run.run_dir / path).read_bytes())
    assert sound[:2] == (channels, 8000) and np.abs(np.subtract(sound[2], values)).max() <= 1
    (event,) = Recorded(run.run_dir).events("audio")
    assert (event["key"], event["path"], event["step"], event["caption"]) == ("s", path, 3, "c")


def test_a_wav_file_of_a_list_needs_only_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert samples_of(sounds.encode([0.5, -0.5], 16000)[0]) == (1, 16000, [16384, -16384])


@pytest.mark.parametrize("form", ["path", "bytes", "open"])
@pytest.mark.parametrize("kind", ["video", "audio", "file"])
def test_files_are_stored_unchanged(run: rn.Run, tmp_path: Path, form: str, kind: str) -> None:
    file = tmp_path / "clip.webm"
    file.write_bytes(b"content")
    with file.open("rb") as stream:
        value: Any = {"path": file, "bytes": b"content", "open": stream}[form]
        if kind == "file":
            path = run.log_file("file", "k", value, "webm")
        else:
            path = (run.log_video if kind == "video" else run.log_audio)("k", value, format="webm")
    assert path.endswith("_k.webm") and (run.run_dir / path).read_bytes() == b"content"


def test_a_file_keeps_the_suffix_of_its_path(run: rn.Run, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    path = run.log_file("file", "n", tmp_path / "notes.md", caption="c")
    assert path.endswith("_n.md") and (run.run_dir / path).read_text() == "# Notes"
    assert run.log_file("file", "t", b"{}", "table.json").endswith("_t.table.json")


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((2, 3, 4, 6), np.uint8),
        np.zeros((2, 4, 6, 3), np.uint8),
        np.zeros((2, 4, 6)),
        [np.zeros((4, 6, 3)), np.ones((4, 6, 3))],
        [Image.new("RGB", (6, 4)), Image.new("RGB", (6, 4), "red")],
    ],
)
def test_frames_become_a_gif(run: rn.Run, frames: Any) -> None:
    path = run.log_video("v", frames, step=1, fps=10)
    assert path.endswith("_v.gif")
    with Image.open(run.run_dir / path) as image:
        assert image.size == (6, 4)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("video", np.zeros(3), "a video has 4 dimensions"),
        ("video", "nowhere.mp4", "No such file"),
        ("video", 3, "a video has 4 dimensions"),
        ("audio", "nowhere.wav", "No such file"),
        ("audio", [], "at least one sample"),
        ("audio", ["x"], "str"),
        ("audio", np.zeros((2, 2, 2)), "is not a sound"),
        ("file", 3, "a int is not a file"),
        ("file", "nowhere.txt", "No such file"),
    ],
)
def test_what_cannot_be_stored_is_reported_once(
    run: rn.Run, kind: str, value: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    log: Callable[[], str] = {
        "video": lambda: run.log_video("k", value),
        "audio": lambda: run.log_audio("k", value),
        "file": lambda: run.log_file("file", "k", value),
    }[kind]
    assert log() == log() == ""
    err = capsys.readouterr().err
    assert err.startswith(f"runicorn: the {kind} 'k' was not stored: ") and err.count("\n") == 1
    assert reason in err and not (run.run_dir / "media").exists()


def test_frames_without_pillow_name_what_is_missing(
    run: rn.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert run.log_video("v", np.zeros((2, 3, 4, 4))) == ""
    assert "pip install numpy pillow" in capsys.readouterr().err


def test_a_silent_run_stores_none(begin: Callable[..., rn.Run]) -> None:
    run = begin(mode="disabled")
    assert (
        run.log_audio("a", [0.5]) == run.log_video("v", b"x") == run.log_file("file", "f", b"x", "txt") == ""
    )
    assert not run.run_dir.exists()
