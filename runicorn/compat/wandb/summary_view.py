"""`run.summary`: the last value of each metric, and entries of the script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from runicorn.compat.wandb.metric_rules import MetricRules
from runicorn.tracking.run import Run


class NestedSummary(dict[str, Any]):
    """A summary by dotted names, of which `summary["acc"]["top1"]` is `acc.top1`."""

    def __missing__(self, key: str) -> Any:
        below = {
            name.removeprefix(f"{key}."): value for name, value in self.items() if name.startswith(f"{key}.")
        }
        if not below:
            raise KeyError(key)
        return NestedSummary(below)


class _Entries(MutableMapping[str, Any]):
    """Entries that are attributes, too; a copy is a plain dictionary."""

    _prefix = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no value {self._prefix + name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> Any:
        return dict, (_plain(self),)


class SummaryView(_Entries):
    """Entries by name; those that the script sets are written to the summary of the run.

    Nested values are stored by dotted names. A metric whose statistics `define_metric` asks for has these as nested values.

    Args:
        latest: the last value of each metric by dotted name; may grow.
        rules: the statistics of metrics.
        also: function that passes calls on to another tracker.
    """

    def __init__(
        self,
        run: Run,
        latest: dict[str, Any],
        rules: MetricRules,
        also: Callable[..., None] | None = None,
    ) -> None:
        self.__dict__["_run"] = run
        self.__dict__["_also"] = also
        self.__dict__["_latest"] = latest
        self.__dict__["_rules"] = rules
        self.__dict__["_nested"] = set()
        self.__dict__["_own"] = set()

    def nest(self, keys: Iterable[str]) -> None:
        """Note names whose values are nested, which iterations yield once."""
        self._nested.update(keys)

    def note_logged(self, names: Iterable[str]) -> None:
        """Note metrics that were logged: their statistics count again, not what the script had set."""
        self._own.difference_update(names)

    def statistics(self) -> dict[str, float]:
        """Return the statistics of all metrics by dotted names, without those that the script has set itself."""
        return {name: value for name, value in self._rules.summary().items() if name not in self._own}

    def __getitem__(self, key: str) -> Any:
        if key not in self._own and (statistics := self._rules.statistics_of(key)) is not None:
            return statistics
        if key in self._latest:
            return self._latest[key]
        if any(name.startswith(f"{key}.") for name in self._latest):
            return _Part(self, f"{key}.")
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        names = [name for name in self._latest if name == key or name.startswith(f"{key}.")]
        if not names:
            raise KeyError(key)
        for name in names:
            del self._latest[name]

    def __iter__(self) -> Iterator[str]:
        keys = (self._top(name) for name in list(self._latest))
        return iter(dict.fromkeys(keys))

    def _top(self, name: str) -> str:
        above = name.partition(".")[0]
        return above if above in self._nested else name

    def update(self, other: Any = (), /, **values: Any) -> None:
        added = {**(other if isinstance(other, Mapping) else dict(other)), **values}
        self.nest(key for key, value in added.items() if isinstance(value, Mapping) and value)
        entries = dict(_flat("", added))
        self._latest.update(entries)
        self._own.update(entries)
        self._run.summary(entries)
        if self._also is not None:
            self._also("summary.update", added)


class _Part(_Entries):
    """The entries of a summary below a name; they may be changed."""

    def __init__(self, summary: SummaryView, prefix: str) -> None:
        self.__dict__["_summary"] = summary
        self.__dict__["_prefix"] = prefix

    def __getitem__(self, key: str) -> Any:
        return self._summary[self._prefix + key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._summary.update({self._prefix + key: value})

    def __delitem__(self, key: str) -> None:
        del self._summary[self._prefix + key]

    def __iter__(self) -> Iterator[str]:
        names = [name for name in self._summary._latest if name.startswith(self._prefix)]
        return iter(dict.fromkeys(name.removeprefix(self._prefix).partition(".")[0] for name in names))


def _plain(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries as dictionaries, for copies and other processes."""
    return {key: _plain(value) if isinstance(value, _Part) else value for key, value in entries.items()}


def _flat(prefix: str, values: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value
