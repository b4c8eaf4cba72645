"""Names of groups, and conditions that select their members."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from runicorn_tools.analysis.replicas import is_setting
from runs.query.analysis import grouping
from runs.query.analysis.grouping import Membership
from runs.query.matches import Matches
from runs.query.where.completion import quoted
from runs.store.params import flatten

MOST_RUNS = 100
"""Most ids in a condition."""
MOST_SETTINGS = 4
LONGEST = 24
"""Characters of a value that can name a group."""


def label_of(value: Any) -> str:
    """Return the value of a key as text."""
    if value is None:
        return "–"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def interval_text(mean: float | None, half: float | None, sign: str) -> str:
    """Return a mean with half of its interval, with as many digits as that justifies."""
    if mean is None:
        return ""
    if not half:
        return f"{mean:.4g}"
    digits = 1 - math.floor(math.log10(half))
    if not 0 <= digits <= 8:
        return f"{mean:.4g} {sign} {half:.2g}"
    return f"{mean:.{digits}f} {sign} {half:.{digits}f}"


def labels(matches: Matches, membership: Membership, by: Sequence[str], places: Sequence[int]) -> list[str]:
    """Return the values of the last key; for replicas the settings in which these groups differ.

    Args:
        by: grouping keys of the membership.
        places: the groups.
    """
    if by[-1] == grouping.REPLICAS:
        return _settings(matches, membership, places)
    return [label_of(membership.values[at][-1]) for at in places]


def _settings(matches: Matches, membership: Membership, places: Sequence[int]) -> list[str]:
    first = [int(membership.keys[membership.places(at)[-1]]) for at in places]
    runs = matches.runs.filter(pk__in=first).order_by().values_list("pk", "display_name", "name", "config")
    by_key = {key: (display or name, flatten(config)) for key, display, name, config in runs}
    configs = [by_key[key][1] for key in first if key in by_key]
    keys = {key for config in configs for key in config if is_setting(key)}
    texts = {key: {config[key].text if key in config else None for config in configs} for key in keys}
    different = _telling({key: several for key, several in texts.items() if len(several) > 1}, len(places))
    names = []
    for run in first:
        name, config = by_key.get(run, ("", {}))
        parts = [f"{key.rpartition('.')[2]} {config[key].text}" for key in different if key in config]
        names.append(", ".join(parts) or name)
    return names


def _telling(texts: Mapping[str, set[str | None]], groups: int) -> list[str]:
    """Return the settings that name groups: those of a sweep, which repeat, or else ones with short values.

    Args:
        texts: the different values by key.
    """
    repeated = sorted(key for key, several in texts.items() if len(several) <= max(2, groups // 2))
    combinations = math.prod(len(texts[key]) for key in repeated[:MOST_SETTINGS])
    if combinations >= groups:
        return repeated[:MOST_SETTINGS]
    others = [
        key
        for key, several in texts.items()
        if key not in repeated and all(text is None or len(text) <= LONGEST for text in several)
    ]
    return [*repeated[: MOST_SETTINGS - 1], *sorted(others, key=lambda key: (len(key), key))][:MOST_SETTINGS]


def condition(key: Mapping[str, Any], run_ids: Sequence[str], count: int) -> str | None:
    """Return the `where` expression of the members of a group; None if no expression names them.

    Args:
        key: values of the grouping keys.
        run_ids: the newest members, all of them if there are few.
        count: number of members.
    """
    parts = []
    for name, value in key.items():
        if name == grouping.REPLICAS:
            if count > MOST_RUNS:
                return None
            parts.append(f"id in ({', '.join(run_ids)})")
        elif name == grouping.TAG:
            parts.append("tags is null" if value is None else f"tags contains {quoted(value)}")
        elif name.startswith(grouping.CONFIG):
            field = f"config.{quoted(name.removeprefix(grouping.CONFIG))}"
            text = quoted(value) if isinstance(value, str) else repr(value)
            parts.append(f"{field} is null" if value is None else f"{field} = {text}")
        else:
            field = grouping.COLUMNS[name]
            parts.append(f"{field} is null" if value is None else f"{field} = {quoted(str(value))}")
    return " and ".join(parts)
