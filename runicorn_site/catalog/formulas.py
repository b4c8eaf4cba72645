"""Formulas of the projects of a store, computed from journals without a viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metrics.query.formulas.full_resolution import Series, compute
from runicorn.store.project import analysis
from runicorn_site.catalog.journal_curves import read_series
from runicorn_tools.analysis import formulas
from runicorn_tools.analysis.formulas import BadFormula, Node


def formulas_of(root: Path, project: str) -> dict[str, Node]:
    """Return the valid formulas of a project by their names."""
    trees = {}
    for name, text in analysis.read(root, project)["formulas"].items():
        try:
            trees[name] = formulas.parse(text)
        except BadFormula:
            continue
    return trees


def read_with_formulas(folder: Path, trees: Mapping[str, Node], names: Sequence[str]) -> Series:
    """Return metrics and formulas of a run by name, all of them if none is named; see `read_series`.

    Raises:
        OSError: the journal cannot be read, or is a link.
    """
    requested = {name: tree for name, tree in trees.items() if not names or name in names}
    inputs = [metric for tree in requested.values() for metric in formulas.metrics(tree)]
    series = read_series(folder, [*names, *inputs] if names else [])
    logged = {name: part for name, part in series.items() if not names or name in names}
    return logged | compute(series, requested)


class WithFormulas(dict[str, Any]):
    """Values of metrics by name; those of formulas are computed when they are asked for by their names.

    Args:
        values: of the logged metrics.
        names: of the formulas.
        compute: returns the values of formulas of these names, those that the run has.
    """

    def __init__(
        self, values: Mapping[str, Any], names: Iterable[str], compute: Callable[[str], Mapping[str, Any]]
    ) -> None:
        super().__init__(values)
        self._open = set(names).difference(values)
        self._compute = compute

    def __contains__(self, name: object) -> bool:
        if name in self._open and isinstance(name, str):
            self._open.discard(name)
            self.update(self._compute(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> Any:
        if name in self:
            return super().__getitem__(name)
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a metric or a formula."""
        return super().__getitem__(name) if name in self else default

    def fill(self) -> None:
        """Compute all formulas."""
        for name in sorted(self._open):
            self.get(name)
