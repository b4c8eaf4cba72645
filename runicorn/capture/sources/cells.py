"""The cells of a notebook that ran during a run, in the order of their execution.

`<run>/sources/cells.json` is replaced before each cell, so that it contains the cell in which the kernel died.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from runicorn.capture.redaction import Masking
from runicorn.store import layout
from runicorn.store.run_files import CELLS

FORMAT = "runicorn.cells/1"
LIMIT = 4 * 1024 * 1024
"""Maximum number of characters of all cells."""


class CellRecorder:
    """Records the cells of an interactive shell from its start to `stop`."""

    def __init__(self, shell: Any, run_dir: Path, variables: dict[str, str]) -> None:
        self._shell, self._path = shell, run_dir / layout.SOURCES / CELLS
        self._masking = Masking(variables)
        name = variables.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__") or ""
        self._notebook = self._masking.text(os.path.basename(str(name)))
        self._cells: list[str] = []
        self._size = 0
        for text in list(shell.history_manager.input_hist_raw)[1:]:
            self._add(str(text))
        self._write()
        shell.events.register("pre_run_cell", self._before)

    def stop(self) -> None:
        with suppress(ValueError):  # it was unregistered
            self._shell.events.unregister("pre_run_cell", self._before)

    def _before(self, info: Any) -> None:
        # A cell that is not stored in the history is run by an extension of the notebook.
        if getattr(info, "store_history", True):
            self._add(str(info.raw_cell))
            self._write()

    def _add(self, text: str) -> None:
        masked = self._masking.text(text)
        if masked.strip() and self._size + len(masked) <= LIMIT:
            self._size += len(masked)
            self._cells.append(masked)

    def _write(self) -> None:
        with suppress(OSError):  # never in the way of a cell
            self._path.parent.mkdir(exist_ok=True)
            layout.write_json(
                self._path, {"format": FORMAT, "notebook": self._notebook, "cells": self._cells}
            )


def recorder(run_dir: Path, variables: dict[str, str]) -> CellRecorder | None:
    """Return the recorder of the notebook or shell that this process is; None outside of one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return CellRecorder(shell, run_dir, variables) if shell is not None else None


def code_of(notebook: bytes) -> bytes | None:
    """Return the code of an `.ipynb` file without outputs and counts; None if it is no notebook."""
    try:
        content = json.loads(notebook)
        cells = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return json.dumps(["".join(map(str, cell)) for cell in cells]).encode()


def read(run_dir: Path) -> dict[str, Any]:
    """Return `notebook`, its file name, and `cells`, their texts; {} without cells."""
    value = layout.read_json(run_dir / layout.SOURCES / CELLS)[0]
    cells = value.get("cells")
    if not isinstance(cells, list) or not cells:
        return {}
    return {"notebook": str(value.get("notebook") or ""), "cells": [str(cell) for cell in cells]}
