"""Menu of the keys by which the runs table can be grouped, and of the statistic that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from runs.models import StorageRoot
from runs.pages.table.state import STATISTICS, TableState
from runs.query import keys
from runs.query.analysis import grouping

LABELS = {
    grouping.REPLICAS: _("seeds"),
    "group": _("group"),
    "project": _("project"),
    "name": _("name"),
    "host": _("host"),
    "hostname": _("host"),
    grouping.TAG: _("tag"),
    "status": _("status"),
    "state": _("state"),
    "owner": _("owner"),
}
OFFERED = ("group", "project", "name", "host", grouping.TAG)
STATISTIC_LABELS = {
    "mean": _("mean ± std"),
    "median": _("median"),
    "min": _("minimum"),
    "max": _("maximum"),
    "std": _("std"),
}
MOST_KEYS = 60


def key_label(key: str) -> str:
    """Return the name of a grouping key: that of a config key is the key itself."""
    return str(LABELS[key]) if key in LABELS else key.removeprefix(grouping.CONFIG)


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """A key, and the addresses of the table grouped by it alone, and by it below the present keys."""

    label: str
    address: str
    below: str
    is_chosen: bool


class GroupMenu(TypedDict):
    """Context of the menu.

    Attributes:
        current: the present keys, each with the address of the table without it.
        seeds: address of the table grouped by replicas.
        is_by_seeds: whether it is.
        statistics: (label, address, whether it is shown).
    """

    current: list[tuple[str, str]]
    seeds: str
    is_by_seeds: bool
    choices: list[KeyChoice]
    statistics: list[tuple[str, str, bool]]


def group_menu(root: StorageRoot, state: TableState) -> GroupMenu:
    """Return the menu; the config keys that differ come first."""
    by = state.grouping
    # Those of the latest runs: all keys of a large store cost more than the page.
    config = keys.recent_config_keys(root, state.project)
    offered = [grouping.REPLICAS, *(key for key in OFFERED if key != "project" or not state.project)]
    offered += [f"{grouping.CONFIG}{key}" for key in config[:MOST_KEYS]]
    return {
        "current": [
            (key_label(key), state.grouped(*(other for other in by if other != key)).address) for key in by
        ],
        "seeds": state.grouped(grouping.REPLICAS).address,
        "is_by_seeds": by == (grouping.REPLICAS,),
        "choices": [
            KeyChoice(
                gettext("seeds (runs that differ in nothing else)")
                if key == grouping.REPLICAS
                else key_label(key),
                state.grouped(key).address,
                state.grouped(*by, key).address
                if by and key not in by and len(by) < grouping.MOST_KEYS
                else "",
                key in by,
            )
            for key in offered
        ],
        "statistics": [
            (str(STATISTIC_LABELS[name]), state.but(statistic=name).address, name == state.statistic)
            for name in STATISTICS
        ],
    }
