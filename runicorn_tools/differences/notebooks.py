"""Notebooks as texts: their code cells without outputs, and the cells that ran during a run."""

from __future__ import annotations

import json
from collections.abc import Iterable

MARK = "# %%"
"""Line before a cell, in the percent format of Jupytext."""


def joined(cells: Iterable[str]) -> str:
    """Return cells as one text."""
    return "".join(f"{MARK}\n{cell.rstrip()}\n\n" for cell in cells)


def text_of(content: bytes) -> str:
    """Return the cells of an `.ipynb` file.

    Raises:
        ValueError: it is no notebook.
    """
    notebook = json.loads(content)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("The file has no cells")
    texts = []
    for cell in cells:
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        is_code = isinstance(cell, dict) and cell.get("cell_type") == "code"
        texts.append(text if is_code else "".join(f"# {line}\n" for line in text.splitlines()))
    return joined(texts)
