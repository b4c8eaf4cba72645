"""Write a board of a project from a script."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

from runicorn.store.layout import DEFAULT
from runicorn.store.project import boards
from runicorn.tracking.notebook import active_root
from runicorn.tracking.switch import is_silent

Item = Union[str, Sequence[str], Mapping[str, Any]]


def board(
    project: str = DEFAULT,
    name: str = "default",
    charts: Iterable[Item] = (),
    *,
    title: str | None = None,
    sections: Iterable[Mapping[str, Any]] = (),
    pinned: Iterable[str] = (),
    hidden: Iterable[str] = (),
    storage: str | os.PathLike[str] | None = None,
) -> Path | None:
    """Create or replace a board: an arrangement of the charts of a project.

    Args:
        project: its project.
        name: name of the board, 1-100 characters, a file in the folder `boards` of the project.
        charts: items of a first section: a metric, several metrics of one chart, or an item as a mapping, with
            `metrics`, `match` (a regular expression) or `markdown`, and `title`, `x`, `x_log`, `y_log`, `y_range`,
            `smoothing`, `size`, `position`.
        title: title of the board.
        sections: sections as mappings, with `title`, `prefix` or `match`, `order`, `folded` and `items` as in `charts`.
        pinned: metrics that stand above all others.
        hidden: metrics that are not shown.
        storage: the storage root; that of the active run if not given, else as in `init`.

    Returns:
        The file; None where runs are disabled.

    Raises:
        InvalidBoard, InvalidName: content, name or project is invalid; the message says where.
        OSError: it could not be written.
    """
    if is_silent(None):
        return None
    content: dict[str, Any] = {} if title is None else {"title": title}
    all_sections = [dict(section) for section in sections]
    if first := list(charts):
        all_sections.insert(0, {"items": first})
    for section in all_sections:
        if "items" in section:
            section["items"] = [_item(item) for item in section["items"]]
    content |= {key: list(names) for key, names in (("pinned", pinned), ("hidden", hidden)) if names}
    if all_sections:
        content["sections"] = all_sections
    root = active_root(storage)
    root.mkdir(parents=True, exist_ok=True)
    boards.write(root, project, name, content)
    return boards.path_of(root, project, name)


def _item(item: Item) -> dict[str, Any]:
    if isinstance(item, str):
        return {"metrics": [item]}
    return dict(item) if isinstance(item, Mapping) else {"metrics": list(item)}
