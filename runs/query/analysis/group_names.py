"""Names of groups, and conditions that select their members."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from runicorn_tools.analysis.replicas import is_setting
from runs.query.analysis import grouping
from runs.query.analysis.grouping import Membership
from runs.query.matches import Matches
from runs.query.where.completion import is_number, quoted, quoted_word
from runs.store.params import Param, flatten

MOST_RUNS = 100
"""Most ids in a condition."""
MOST_SETTINGS = 4
"""In the names of all groups; groups of the same name get more."""
LONGEST = 24
"""Characters of a value that can name a group."""
LONGEST_NUMBER = 1e15
"""Numbers from here on are written with an exponent."""
VAGUE = frozenset({"id", "kind", "name", "path", "type", "value"})
"""Last parts of keys that say nothing without the part before them."""


def label_of(value: Any) -> str:
    """Return the value of a key as text."""
    if value is None:
        return "–"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def interval_text(mean: float | None, half: float | None, sign: str) -> str:
    """Return a mean with half of its interval, with as many digits as that justifies."""
    if mean is None:
        return ""
    if not half or not math.isfinite(half):
        return f"{mean:.5g}"
    digits = 1 - math.floor(math.log10(half))
    if not 0 <= digits <= 8 or abs(mean) >= LONGEST_NUMBER:
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
    runs = matches.runs.filter(pk__in=first).order_by()
    by_key = {
        key: (run_id, display or name, _settings_of(config))
        for key, run_id, display, name, config in runs.values_list(
            "pk", "run_id", "display_name", "name", "config"
        )
    }
    configs = {key: config for key, (_, _, config) in by_key.items()}
    texts = {key: {k: v.text for k, v in config.items()} for key, config in configs.items()}
    telling = _telling([texts[key] for key in first if key in texts])
    names = {
        key: ", ".join(_setting_texts(config, telling)) or by_key[key][1] for key, config in configs.items()
    }
    namesakes: dict[str, list[int]] = {}
    for key, name in names.items():
        namesakes.setdefault(name, []).append(key)
    for name, keys in namesakes.items():
        if len(keys) > 1:
            more = _telling([texts[key] for key in keys])
            for key in keys:
                names[key] = ", ".join([name, *_setting_texts(configs[key], more)])
    # Code or data differ instead of the settings, or settings whose values are too long.
    counts = Counter(names.values())
    for key, name in names.items():
        if counts[name] > 1:
            names[key] = f"{name}, {by_key[key][0][-6:]}"
    return [names.get(key, "") for key in first]


def _settings_of(config: Any) -> dict[str, Param]:
    return {key: value for key, value in flatten(config).items() if is_setting(key)}


def _setting_texts(config: Mapping[str, Param], keys: Sequence[str]) -> list[str]:
    return [f"{short_key(key)} {_text(config[key])}" for key in keys if key in config]


def short_key(key: str) -> str:
    """Return the last part of a key, or the last two where one says nothing."""
    *before, last = key.split(".")
    return ".".join([*before[-1:], last]) if last in VAGUE else last


def _telling(configs: Sequence[dict[str, str]]) -> list[str]:
    """Return few settings that tell configs apart, then some that several share; long values name nothing."""
    values = {key: [config.get(key) for config in configs] for key in {key for c in configs for key in c}}
    counts = {key: len(set(texts)) for key, texts in values.items()}
    different = [key for key, count in counts.items() if count > 1 and _is_short(values[key])]
    different.sort(key=lambda key: (-counts[key], key))
    telling: list[str] = []
    so_far: Sequence[Any] = [None] * len(configs)
    while len(telling) < MOST_SETTINGS and different:
        pairs = {key: list(zip(so_far, values[key], strict=True)) for key in different}
        best = max(different, key=lambda key: len(set(pairs[key])))
        if len(set(pairs[best])) == len(set(so_far)):
            break
        telling.append(best)
        numbers = {pair: n for n, pair in enumerate(pairs[best])}
        so_far = [numbers[pair] for pair in pairs[best]]
    shared = [key for key in different if key not in telling and counts[key] <= max(2, len(configs) // 2)]
    return [*telling, *sorted(shared)][:MOST_SETTINGS]


def _is_short(values: Sequence[str | None]) -> bool:
    return all(value is None or len(value) <= LONGEST for value in values)


def _text(param: Param) -> str:
    return param.text if param.number is None else label_of(param.number)


def condition(key: Mapping[str, Any], run_ids: Sequence[str]) -> str:
    """Return the `where` expression of the members of a group.

    Args:
        key: values of the grouping keys.
        run_ids: of a run that has no replicas since too little is known of it.
    """
    parts = []
    for name, value in key.items():
        if name == grouping.REPLICAS and isinstance(value, str):
            project, _, replica_key = value.rpartition("/")
            parts.append(f"project = {quoted(project)} and replica_key = {quoted(replica_key)}")
        elif name == grouping.REPLICAS:
            # A run that was removed meanwhile has no id.
            parts.append(f"id in ({', '.join(run_ids)})" if run_ids else 'id = ""')
        elif name == grouping.TAG:
            parts.append("tags is null" if value is None else f"tags contains {quoted(value)}")
        elif name.startswith(grouping.CONFIG):
            field = f"config.{quoted(name.removeprefix(grouping.CONFIG))}"
            text = quoted_word(value) if isinstance(value, str) else repr(value)
            parts.append(f"{field} is null" if value is None else f"{field} = {text}")
            if isinstance(value, str) and is_number(value):
                # A number that is written alike has the same text.
                parts.append(f"not {field} = {value}")
        else:
            field = grouping.COLUMNS[name]
            parts.append(f"{field} is null" if value is None else f"{field} = {quoted(str(value))}")
    return " and ".join(parts)
