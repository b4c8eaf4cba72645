"""Choose the runs whose charts stand beside the list. `static/js/workspace/visibility.js` follows the same rules. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runs.pages.table.state import TableState

FIRST = 10
"""Runs at the beginning of the list that are visible unless the address says otherwise."""
MOST_VISIBLE = 100
ALL = "all"


def candidates(state: TableState, listed: Sequence[str]) -> list[str]:
    """Return the ids of the runs that have charts, whether their curves are hidden or not.

    Args:
        state: with `show` and `hide` among the parameters of its charts: ids, or `all` for the runs of the page.
        listed: ids of the runs on the page.
    """
    show, hide = ([value for name, value in state.charts if name == wanted] for wanted in ("show", "hide"))
    if ALL in hide:
        usual: Sequence[str] = ()
    elif ALL in show or state.runs:
        usual = listed
    else:
        usual = listed[:FIRST]
    shown = [value for value in show if value != ALL]
    return list(dict.fromkeys([*usual, *shown]))[:MOST_VISIBLE]
