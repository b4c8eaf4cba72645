"""Images of every kind become files below `media/`, and an event that says which and when."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import runicorn as rn
from runicorn.media import images
from tests.sdk.tracking.scripts import Recorded


@pytest.fixture
def run(begin: Callable[..., rn.Run]) -> rn.Run:
    return begin()


def _png(size: tuple[int, int] = (2, 3)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, (10, 20, 30)).save(content, "PNG")
    return content.getvalue()


def _opened(run: rn.Run, path: str) -> Image.Image:
    image = Image.open(io.BytesIO((run.run_dir / path).read_bytes()))
    image.load()
    return image


def test_the_event_describes_the_stored_image(run: rn.Run) -> None:
    path = run.log_image("val/sample", _png(), step=7, caption="a cat")
    assert path.startswith("media/") and path.endswith("_val_sample.png")
    (event,) = Recorded(run.run_dir).events("image")
    checked = {"size": len(_png()), "crc32": f"{crc32(_png()):08x}"}
    assert event == {"key": "val/sample", "path": path, "step": 7, "caption": "a cat", **checked}
    assert (run.run_dir / path).read_bytes() == _png()


def test_captions_and_steps_of_any_library_are_accepted(
    run: rn.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log_image("k", b"png", step=np.int64(3), caption=Path("x"))  # type: ignore[arg-type]
    run.log_image("k", b"png", step="later")  # type: ignore[arg-type]
    first, second = Recorded(run.run_dir).events("image")
    assert (first["step"], first["caption"], second["step"]) == (3, "x", None)
    assert "'later' is not a 64-bit integer" in capsys.readouterr().err


def test_two_images_of_one_key_are_two_files(run: rn.Run) -> None:
    assert run.log_image("k", _png()) != run.log_image("k", _png())


def test_a_file_is_copied_with_its_own_ending(run: rn.Run, tmp_path: Path) -> None:
    for name in ("x.JPEG", "y"):
        (tmp_path / name).write_bytes(b"as it is")
    jpeg, bare = (
        run.log_image("k", tmp_path / "x.JPEG"),
        run.log_image("k", str(tmp_path / "y"), format="webp"),
    )
    assert jpeg.endswith(".jpeg") and bare.endswith(".webp")
    assert (run.run_dir / jpeg).read_bytes() == (run.run_dir / bare).read_bytes() == b"as it is"


@pytest.mark.parametrize(
    ("format", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("JPEG", "JPEG"), ("webp", "WEBP")]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_pillow_image_is_saved_in_the_format(run: rn.Run, mode: str, format: str, kind: str) -> None:
    path = run.log_image("k", Image.new(mode, (4, 5)), format=format)
    image = _opened(run, path)
    assert (image.format, image.size) == (kind, (4, 5)) and path.endswith(f".{format.lower()}")


@pytest.mark.parametrize(
    ("array", "pixels"),
    [
        (np.array([[0, 255]], dtype=np.uint8), [0, 255]),
        (np.array([[0.0, 0.5, 1.0]]), [0, 128, 255]),
        (np.array([[0.0, 100.0, 255.0]], dtype=np.float32), [0, 100, 255]),
        (np.array([[-1.0, 0.0, 1.0]]), [0, 128, 255]),
        (np.array([[0, 1, 255]], dtype=np.int64), [0, 1, 255]),
        (np.array([[0, 65535]], dtype=np.uint16), [0, 255]),
        (np.array([[False, True]]), [0, 255]),
        (np.array([[np.nan, np.inf, -np.inf, 0.0, 1.0]]), [0, 255, 0, 0, 255]),
        (np.full((1, 2), np.nan), [0, 0]),
        (np.zeros((1, 2, 1)), [0, 0]),
    ],
)
def test_numbers_become_shades(run: rn.Run, array: Any, pixels: list[int]) -> None:
    image = _opened(run, run.log_image("k", array))
    assert image.mode == "L" and list(np.asarray(image).ravel()) == pixels


@pytest.mark.parametrize("shape", [(4, 5, 3), (3, 4, 5), (4, 5, 4), (4, 4, 5)])
def test_channels_may_come_last_or_first(run: rn.Run, shape: tuple[int, ...]) -> None:
    image = _opened(run, run.log_image("k", np.zeros(shape)))
    assert image.size == (5, 4) and image.mode in ("RGB", "RGBA")


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_arrays_are_saved_as_png_without_pillow(
    run: rn.Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    channels: tuple[int, ...],
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, *channels), np.uint8)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "PIL", None)
        path = run.log_image("k", pixels)
        assert run.log_image("k", pixels, format="jpg") == ""
    assert "arrays are saved as jpg by Pillow, which is not installed" in capsys.readouterr().err
    assert np.array_equal(np.asarray(_opened(run, path)), pixels)


def test_a_tensor_is_taken_off_its_graph(run: rn.Run) -> None:
    class Tensor:
        def __init__(self, values: Any) -> None:
            self.values = values

        def detach(self) -> Tensor:
            return self

        def cpu(self) -> Any:
            return self.values

    assert _opened(run, run.log_image("k", Tensor(np.ones((3, 2, 2))))).size == (2, 2)


@pytest.mark.parametrize("format", ["png", "jpg"])
def test_a_figure_is_drawn(run: rn.Run, format: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([1, 2])
    assert _opened(run, run.log_image("k", figure, format=format)).size == (100, 100)


@pytest.mark.parametrize(
    "image", [np.zeros(3), np.zeros((2, 2, 7)), np.zeros((0, 2)), np.array([["a"]]), Image.new("F", (2, 2))]
)
def test_an_invalid_image_is_reported_once(
    run: rn.Run, image: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run.log_image("k", image) == run.log_image("k", image) == ""
    assert capsys.readouterr().err.count("'k' was not stored") == 1
    assert not (run.run_dir / "media").exists()


@pytest.mark.parametrize(
    ("image", "format", "reason"),
    [
        (3, "png", "int is not an image"),
        ("nowhere.png", "png", "Image file not found: nowhere.png"),
        *((b"", name, "Invalid image format") for name in ("", "a/b", "../x", "toolong")),
    ],
)
def test_what_is_no_image_is_reported_and_not_raised(
    run: rn.Run, image: Any, format: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.log_image("k", image, format=format) == ""
    assert reason in capsys.readouterr().err and not (run.run_dir / "media").exists()


@given(st.text(max_size=300))
def test_no_key_leads_out_of_media(key: str) -> None:
    name = images.file_name(key, "png")
    assert "/" not in name and "\\" not in name and "\0" not in name and len(name.encode()) < 255
    assert Path("media", name).name == name and not name.startswith(".")
