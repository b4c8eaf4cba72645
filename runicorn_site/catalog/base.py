"""What a source of runs offers."""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runicorn_site.catalog.entry import RunEntry, needs_metrics, value_of
from runicorn_site.catalog.primary import PRIMARY


class CatalogError(Exception):
    """A question cannot be answered; the text is a sentence for the user."""


class BadQuestion(CatalogError):
    """The question is malformed: a condition, a column, a name."""


class UnknownRun(BadQuestion):
    """No run, or more than one, has the name."""


class NotPermitted(CatalogError):
    """The token may not, or the files may not be read or written."""


class NotAvailable(CatalogError):
    """The viewer does not answer, or the file is gone."""


@dataclass(frozen=True, slots=True)
class Query:
    """Selection and order of runs.

    Attributes:
        where: condition as in the API.
        project: runs of one project.
        text: words that all must appear in project, name, id, tags or note.
        deleted: only runs in the recycle bin, or only others; None for both.
        order: column to sort by, as for `value_of`; "" for the newest first.
        descending: greatest first; runs without a value come last in any case.
        limit: maximum number of runs; None for all.
        metrics: whether the entries need statistics of their metrics.
        primary: whether runs without a primary metric get the usual one of their project.
    """

    where: str = ""
    project: str | None = None
    text: str = ""
    deleted: bool | None = False
    order: str = ""
    descending: bool = True
    limit: int | None = None
    metrics: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a metric; `steps` are floats, values may be NaN or infinite. `count` is that before sampling.

    If all values are texts, they are indexes of `labels`.
    """

    steps: list[float]
    values: list[float]
    count: int
    labels: tuple[str, ...] = ()

    def texts(self) -> list[str]:
        """Return the texts of the values."""
        return [self.labels[int(value)] for value in self.values]


@dataclass(frozen=True, order=True, slots=True)
class RunFile:
    """A file of a run: path relative to its folder, size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether runs are better than a baseline by one metric: `better`, `worse`, `within_noise` or `unknown`."""

    metric: str
    verdict: str
    sentence: str


class Catalog(ABC):
    """Runs of a store or of a viewer. All methods raise `CatalogError` with a sentence."""

    @abstractmethod
    def select(self, query: Query) -> list[RunEntry]:
        """Return the runs that match, in the order of the query."""

    @abstractmethod
    def get(self, run_id: str, *, metrics: bool = True) -> RunEntry | None:
        """Return one run, deleted or not; None if there is none."""

    @abstractmethod
    def beginning(self, text: str) -> list[str]:
        """Return the ids of the runs whose id or name begins with a text: at most 50, deleted ones left out."""

    @abstractmethod
    def satisfies(self, entry: RunEntry, where: str) -> bool:
        """Return whether a run satisfies a condition now; bare keys are those of its project."""

    def stamp(self, run_id: str) -> object | None:
        """Return what changes whenever the run changes; None if that is as expensive as asking for the run."""
        return None

    @abstractmethod
    def curves(self, entry: RunEntry, names: Sequence[str], points: int) -> dict[str, Curve]:
        """Return curves by metric, each sampled to so many points with its extremes kept; all metrics if none named."""

    @abstractmethod
    def log_lines(self, entry: RunEntry, tail: int) -> list[str]:
        """Return the last lines of the log."""

    @abstractmethod
    def follow_log(self, entry: RunEntry, tail: int) -> Iterator[str]:
        """Yield the last lines of the log, and then new ones until the run has ended."""

    @abstractmethod
    def files(self, entry: RunEntry) -> list[RunFile]:
        """Return the files of the run, by path."""

    @abstractmethod
    def fetch(self, entry: RunEntry, path: str, target: Path) -> None:
        """Copy one file of the run."""

    @abstractmethod
    def change_tags(self, entry: RunEntry, add: Sequence[str], remove: Sequence[str]) -> list[str]:
        """Add and remove tags, and return those that the run has then."""

    @abstractmethod
    def set_note(self, entry: RunEntry, text: str) -> None:
        """Replace the note of the run."""

    @abstractmethod
    def append_to_note(self, entry: RunEntry, paragraph: str) -> str:
        """Add a paragraph to the note of the run as it is now, and return the note.

        Raises:
            CatalogError: the note would be too long; it is unchanged.
        """

    @abstractmethod
    def delete(self, entries: Sequence[RunEntry]) -> None:
        """Move runs to the recycle bin."""

    @abstractmethod
    def restore(self, entries: Sequence[RunEntry]) -> None:
        """Take runs out of the recycle bin."""

    @abstractmethod
    def baselines(self, project: str | None) -> dict[str, list[str]]:
        """Return the run ids of the baseline of each project that has one, or of one project."""

    @abstractmethod
    def verdicts(
        self, metrics: Sequence[str], a: Sequence[RunEntry], b: Sequence[RunEntry]
    ) -> list[Judgement]:
        """Compare runs with a baseline by each of several metrics."""

    def close(self) -> None:  # noqa: B027 - not every catalog has connections
        """Release connections."""


def ordered(entries: list[RunEntry], query: Query) -> list[RunEntry]:
    """Sort entries by the column of a query and cut them to its limit; ties by age, newest first."""
    entries = sorted(entries, key=lambda entry: (-entry.created_at, entry.id))
    if query.order:
        valued = [(value_of(entry, query.order), entry) for entry in entries]
        missing = [entry for value, entry in valued if value is None or value == ""]
        present = [(value, entry) for value, entry in valued if value is not None and value != ""]
        present.sort(key=lambda pair: _sort_key(pair[0]), reverse=query.descending)
        entries = [entry for _, entry in present] + missing
    return entries[: query.limit]


def with_metrics(query: Query) -> Query:
    """Return the query, asking for metrics, or primary metrics, if its order needs them."""
    if query.order in PRIMARY:
        return replace(query, primary=True)
    return replace(query, metrics=True) if query.order and needs_metrics(query.order) else query


def system_error(place: str, error: OSError) -> CatalogError:
    """Return the error of a file."""
    sentence = f"{place}: {error.strerror or error}"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return NotPermitted(sentence)
    return NotAvailable(sentence) if isinstance(error, FileNotFoundError) else CatalogError(sentence)


def _sort_key(value: object) -> tuple[int, float, str]:
    """Order numbers before texts; NaN is the smallest number."""
    if isinstance(value, bool | int | float):
        number = float(value)
        return (0, number if number == number else float("-inf"), "")
    return (1, 0.0, str(value).casefold())
