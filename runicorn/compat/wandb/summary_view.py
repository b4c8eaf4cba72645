"""`run.summary`: the last value of each metric, and entries of the script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from runicorn.tracking.run import Run


class SummaryView(MutableMapping[str, Any]):
    """Entries by name; those that the script sets are written to the summary of the run."""

    def __init__(self, run: Run, latest: dict[str, Any], also: Callable[..., None] | None = None) -> None:
        self.__dict__["_run"] = run
        self.__dict__["_also"] = also
        self.__dict__["_latest"] = latest

    def __getitem__(self, key: str) -> Any:
        return self._latest[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        del self._latest[key]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_latest"][name]
        except KeyError:
            raise AttributeError(f"the summary has no value {name!r}") from None

    __setattr__ = __setitem__

    def __iter__(self) -> Iterator[str]:
        return iter(self._latest)

    def __len__(self) -> int:
        return len(self._latest)

    def __repr__(self) -> str:
        return repr(self._latest)

    def update(self, other: Any = (), /, **values: Any) -> None:
        added = {**(other if isinstance(other, Mapping) else dict(other)), **values}
        self._latest.update(added)
        self._run.summary(added)
        if self._also is not None:
            self._also("summary.update", added)
