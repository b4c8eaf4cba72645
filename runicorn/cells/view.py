"""Runs that show themselves in the cell of a notebook."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from subprocess import SubprocessError
from typing import Any, Protocol

from runicorn.cells.kernel import in_kernel
from runicorn.cells.marimo import CellOutput, current_cell
from runicorn.cells.picture import PictureReader, RunPicture, curves_svg, pictures_html, read_pictures
from runicorn.store import layout

MOST_RUNS = 20
PAUSE = 2.0
"""Seconds between two updates of a running run."""
LONGEST_END = 30.0
"""Seconds after the end of a run in which its files are written."""
FRAME = 640
"""Height of the interactive page in a cell, in pixels."""


class ShownRun(Protocol):
    """A run, see `runicorn.tracking.run`."""

    run_dir: Path
    storage_root: Path

    def is_open(self) -> bool:
        """Whether it has not ended yet."""


class RunsView:
    """Runs as the output of a cell.

    With the viewer installed it is the interactive page of the runs, in a frame of its own without access to the
    notebook; else a table and curves as SVG. Front ends without HTML show the image.

    Attributes:
        folders: of the runs.
        note: a sentence below them.
    """

    def __init__(self, root: Path, folders: Sequence[Path], note: str = "") -> None:
        self.root = root
        self.folders = list(folders)
        self.note = note

    def __repr__(self) -> str:
        return f"<{len(self.folders)} runs: {', '.join(folder.name for folder in self.folders)}>"

    def _repr_html_(self) -> str:
        return self.page() or self.plain()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        pictures = read_pictures(self.folders)
        return bundle(pictures, self.page() or self._plain(pictures), repr(self))

    def plain(self) -> str:
        """Return the runs as HTML without a script."""
        return self._plain(read_pictures(self.folders))

    def _plain(self, pictures: Sequence[RunPicture]) -> str:
        return pictures_html(pictures, self.note or ("" if self.folders else "No runs."))

    def page(self) -> str:
        """Return the interactive page of the runs in a sandboxed frame; "" without the viewer, or if it failed."""
        from runicorn.extension_points import NAMES, load

        if not self.folders:
            return ""
        try:
            first, *others = [folder.name for folder in self.folders]
            document: str = load(NAMES, "open_run")(first, self.root).page(others)
        except (AttributeError, ImportError, LookupError, OSError, SubprocessError, ValueError):
            return ""
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return (
            f'<iframe sandbox="allow-scripts" style="width:100%;height:{FRAME}px;border:0"'
            f' srcdoc="{escape(document)}"></iframe>{note}'
        )


def bundle(pictures: Sequence[RunPicture], html: str, text: str) -> dict[str, str]:
    """Return the representations of runs by type: HTML, an image of the first metric, and text."""
    content = {"text/plain": text, "text/html": html}
    names = list(dict.fromkeys(name for picture in pictures for name in picture.curves))
    if names:
        content["image/svg+xml"] = curves_svg(pictures, names[0])
    return content


def display_run(run: ShownRun) -> None:
    """Display a run in the cell that is executed, live until it has ended; print it outside of a notebook."""
    view = RunsView(run.storage_root, [run.run_dir])
    if not in_kernel():
        print(repr(run))  # noqa: T201 - as a shell does
        return
    display: Any = importlib.import_module("IPython.display").display

    if not run.is_open():
        display(view._repr_mimebundle_(), raw=True)
        return
    reader = PictureReader(run.run_dir)
    handle = display(_live(reader, run), raw=True, display_id=True)
    if handle is not None:
        threading.Thread(
            target=_update, args=(run, view, reader, handle), name="runicorn-cell", daemon=True
        ).start()


def run_html(run: ShownRun) -> str:
    """Return a run as HTML; in a cell of marimo, whose output follows the run until it has ended."""
    view = RunsView(run.storage_root, [run.run_dir])
    if not run.is_open() or current_cell() is None:
        return view._repr_html_()
    reader = PictureReader(run.run_dir)
    html = _live(reader, run)["text/html"]
    CellOutput().follow(lambda output: _update(run, view, reader, output, output.is_gone))
    return html


def _live(reader: PictureReader, run: ShownRun) -> dict[str, str]:
    picture = reader.read()
    return bundle([picture], pictures_html([picture]), repr(run))


def _update(
    run: ShownRun,
    view: RunsView,
    reader: PictureReader,
    handle: Any,
    is_gone: Callable[[], bool] = lambda: False,
) -> None:
    """Update the output of a cell while a run goes on; at its end it becomes the interactive page."""
    drawn_size = -1
    while run.is_open() and not is_gone():
        began = time.perf_counter()
        with suppress(OSError):
            size = os.stat(run.run_dir / layout.EVENTS).st_size
            if size != drawn_size:
                drawn_size = size
                handle.update(_live(reader, run), raw=True)
        # At most a twentieth of the time of the training's interpreter.
        time.sleep(max(PAUSE, 20 * (time.perf_counter() - began)))
    # A run has ended before its last files are written.
    until = time.monotonic() + LONGEST_END
    while time.monotonic() < until and reader.read().status == layout.RUNNING:
        time.sleep(min(PAUSE, 0.1))
    handle.update(view._repr_mimebundle_(), raw=True)
