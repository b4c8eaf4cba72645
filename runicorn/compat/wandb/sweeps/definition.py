"""Configuration of a sweep: method, metric, parameters, early stopping and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runicorn.compat.unknown import warn_once
from runicorn.compat.wandb.errors import UsageError
from runicorn.compat.wandb.sweeps.distributions import Parameter, parameter

METHODS = ("grid", "random", "bayes")
SEPARATOR = "\x00"
KEYS = frozenset(
    ("method", "metric", "parameters", "early_terminate", "run_cap", "program", "command", "name", "project")
)
UNUSED = frozenset(("description", "entity", "settings"))


@dataclass
class Definition:
    """A valid configuration of a sweep.

    Attributes:
        parameters: by path; nested ones have the names of the levels, joined by `SEPARATOR`.
        bands: numbers of values after which a run may be stopped early, ascending; empty without early stopping.
        eta: the best of `eta` runs continues after each of them.
    """

    method: str
    parameters: dict[str, Parameter]
    metric: str = ""
    minimize: bool = True
    bands: list[int] = field(default_factory=list)
    eta: float = 3.0
    run_cap: int | None = None
    program: str = ""
    command: list[str] = field(default_factory=list)
    name: str = ""

    def nested(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values by path as the nested config of a run."""
        config: dict[str, Any] = {}
        for path, value in values.items():
            *above, name = path.split(SEPARATOR)
            place = config
            for level in above:
                place = place.setdefault(level, {})
            place[name] = value
        return config


def definition(config: Any) -> Definition:
    """Check a configuration.

    Raises:
        UsageError: it is invalid, or something in it is not supported.
    """
    if not isinstance(config, Mapping):
        raise UsageError(f"A sweep is a dictionary, not {type(config).__name__}")
    if unknown := sorted(set(config) - KEYS - UNUSED):
        raise UsageError(f"These settings of a sweep are not supported: {', '.join(map(str, unknown))}")
    method = config.get("method")
    if method not in METHODS:
        raise UsageError(
            f"The method of a sweep is one of {', '.join(METHODS)}, not {method!r}; other methods are not supported"
        )
    parameters = _parameters(config.get("parameters"))
    metric = config.get("metric") or {}
    goal = metric.get("goal", "minimize")
    if goal not in ("minimize", "maximize"):
        raise UsageError(f"The goal of a metric is minimize or maximize, not {goal!r}")
    if "target" in metric:
        warn_once(
            "sweep target", "The `target` of a sweep's metric is not supported; the sweep does not end by it."
        )
    name = str(metric.get("name") or "")
    early = config.get("early_terminate")
    if not name and (method == "bayes" or early):
        raise UsageError("A sweep with the method bayes or with early_terminate needs a metric")
    if method == "grid":
        for path, parameter in parameters.items():
            if parameter.choices is None:
                raise UsageError(
                    f"A grid needs `values` or `q` of the parameter {path.split(SEPARATOR)[-1]!r}"
                )
    cap = config.get("run_cap")
    return Definition(
        method,
        parameters,
        name,
        goal == "minimize",
        *_hyperband(early),
        run_cap=None if cap is None else int(cap),
        program=str(config.get("program") or ""),
        command=[str(word) for word in config.get("command") or ()],
        name=str(config.get("name") or ""),
    )


def _parameters(entries: Any, above: str = "") -> dict[str, Parameter]:
    if not isinstance(entries, Mapping) or not entries:
        raise UsageError("A sweep needs parameters")
    parameters: dict[str, Parameter] = {}
    for name, about in entries.items():
        path = f"{above}{name}"
        if not isinstance(about, Mapping):
            raise UsageError(f"Invalid sweep: the parameter {name!r} is not a dictionary, but {about!r}")
        if "parameters" in about:
            parameters |= _parameters(about["parameters"], f"{path}{SEPARATOR}")
        else:
            parameters[path] = parameter(str(name), about)
    return parameters


def _hyperband(early: Any) -> tuple[list[int], float]:
    """Return bands and `eta` of `early_terminate`.

    Raises:
        UsageError: it is not Hyperband, or invalid.
    """
    if not early:
        return [], 3.0
    if early.get("type") != "hyperband":
        raise UsageError(
            f"early_terminate of the type {early.get('type')!r} is not supported, only hyperband"
        )
    eta = float(early.get("eta", 3))
    if eta <= 1:
        raise UsageError("eta of hyperband has to be greater than 1")
    if "min_iter" in early:
        first = max(1, int(early["min_iter"]))
        return sorted({int(first * eta**n) for n in range(20)}), eta
    if "max_iter" in early:
        max_iter, count = float(early["max_iter"]), int(early.get("s", 1))
        return sorted({max(1, int(max_iter / eta**n)) for n in range(1, count + 1)}), eta
    raise UsageError("hyperband needs min_iter, or max_iter and s")
