"""Definitions of metrics: their direction, their x axis, and the statistic that stands for them.

`meta.json` has them under `metrics`: `{"val/*": {"step_metric": "epoch", "goal": "max", "summary": "best"}}`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "metrics"
GOALS = ("min", "max")
SUMMARIES = ("best", "last", "min", "max")
MOST, LENGTH = 500, 255
Rules = dict[str, dict[str, str]]
"""Definitions by name or pattern, in the order in which they were made."""


def definition(
    name: str, step_metric: str | None = None, goal: str | None = None, summary: str | None = None
) -> dict[str, str]:
    """Return the definition of a metric or pattern.

    Raises:
        ValueError: an argument is invalid.
    """
    for text, what in ((name, "The name of a metric"), (step_metric, "step_metric")):
        if text is not None and (not isinstance(text, str) or not 0 < len(text) <= LENGTH):
            raise ValueError(f"{what} must be text of 1 to {LENGTH} characters, got {text!r}")
    aliases = {"minimize": "min", "maximize": "max"}
    goal = aliases.get(goal or "", goal)
    for value, choices, what in ((goal, GOALS, "goal"), (summary, SUMMARIES, "summary")):
        if value is not None and value not in choices:
            raise ValueError(f"{what} must be one of {', '.join(choices)}, got {value!r}")
    fields = {"step_metric": step_metric, "goal": goal, "summary": summary}
    return {key: value for key, value in fields.items() if value is not None}


def clean(value: Any) -> Rules:
    """Return the valid definitions of `meta.json`; whatever else stands there is left out."""
    rules: Rules = {}
    for name, fields in value.items() if isinstance(value, Mapping) else ():
        if not isinstance(fields, Mapping) or len(rules) == MOST:
            continue
        try:
            rules[name] = definition(name, *(fields.get(key) for key in ("step_metric", "goal", "summary")))
        except (ValueError, TypeError):
            continue
    return rules


def rule_of(rules: Mapping[str, Any] | None, name: str) -> Mapping[str, str]:
    """Return the definition of a metric: that of exactly this name, else of the last pattern that matches."""
    if not rules:
        return {}
    if name in rules:
        exact: Mapping[str, str] = rules[name]
        return exact
    matching = [fields for pattern, fields in rules.items() if fnmatchcase(name, pattern)]
    return matching[-1] if matching else {}


def step_metric_of(rules: Iterable[Mapping[str, Any]], name: str, names: Collection[str]) -> str:
    """Return the x axis that the first of several runs' definitions names for a metric, if it is among `names`; else ""."""
    defined = (rule_of(of_run, name).get("step_metric", "") for of_run in rules)
    x = next(filter(None, defined), "")
    return x if x in names and x != name else ""
