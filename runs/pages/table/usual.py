"""Columns of a runs table whose address names none."""

from __future__ import annotations

from collections.abc import Sequence

from runicorn.settings import preferences
from runs.models import StorageRoot
from runs.pages.table.columns import DEFAULT_COLUMNS, is_added, is_column
from runs.pages.table.state import with_added
from runs.query.keys import differing_keys


def usual_columns(root: StorageRoot, project: str) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return the columns that were chosen for a project, or else for all, and those of a user who has chosen none.

    The second are the usual ones and the config keys that differ between the runs of the project. Metrics and config
    keys that were chosen for all projects are not those of one project.
    """
    everywhere = [key for key in preferences.table_columns() if is_column(key)]
    if not project:
        return everywhere, DEFAULT_COLUMNS
    differing = [f"config.{key}" for key in differing_keys(root, project)]
    chosen: Sequence[str] = preferences.table_columns(project)
    if not chosen and everywhere:
        chosen = with_added([key for key in everywhere if not is_added(key)], differing)
    return chosen, with_added(DEFAULT_COLUMNS, differing)
