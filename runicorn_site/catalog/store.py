"""Runs of a store, read from their files."""

from __future__ import annotations

import math
import os
import shutil
import time
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from runicorn.store import curation, find, layout
from runicorn.store.containment import check_inside
from runicorn.store.curation import RunFields
from runicorn.store.project import analysis
from runicorn_site.catalog.base import (
    BadQuestion,
    Catalog,
    Curve,
    Judgement,
    Query,
    RunFile,
    ordered,
    system_error,
    with_metrics,
)
from runicorn_site.catalog.cache import RecordCache
from runicorn_site.catalog.entry import Figures, RunEntry, needs_metrics
from runicorn_site.catalog.log_tail import follow, last_lines
from runicorn_site.catalog.primary import PRIMARY, complete, fill
from runs.store.folder_stat import FolderState
from runs.store.metric_stats import MetricStats, best_by, mode_of
from runs.store.params import flatten
from runs.store.reader import RunRecord, clean_tags, read_run

if TYPE_CHECKING:
    # The language of conditions is imported by the first one: most questions have none.
    from runicorn_tools.analysis import formulas
    from runs.query.where import bare_keys
    from runs.query.where.ast import Field, Node

READ = layout.SMALL - {layout.ENVIRONMENT, layout.ARTIFACTS_CREATED, layout.ARTIFACTS_USED}
"""Small files that an entry is made of."""
ZONES = 26 * 3600.0
"""Seconds by which the local times in the ids of two machines may differ."""
MOST_NAMES = 50
FRESH_SECONDS = 1.0
"""For which formulas of projects, and keys that no run had, are not looked for again."""
T = TypeVar("T")


class StoreCatalog(Catalog):
    """Runs below a storage root. Each question looks at the files again; unchanged ended runs are read once."""

    def __init__(self, root: Path, warn: Callable[[str], None] = lambda sentence: None) -> None:
        """Create the catalog.

        Args:
            warn: told about files that cannot be read.
        """
        self.root = root
        self._warn = warn
        self._formulas_by_project: dict[str, tuple[float, Mapping[str, formulas.Node]]] = {}
        self._keys_read: tuple[float, dict[str, list[bare_keys.Key]]] = (-math.inf, {})

    @cached_property
    def _cache(self) -> RecordCache:
        return RecordCache(self.root)

    def close(self) -> None:
        """Keep what was read for the next command."""
        if "_cache" in self.__dict__:
            self._cache.save()

    def select(self, query: Query) -> list[RunEntry]:
        """Return the runs that match; the newest ones without reading all others."""
        query = with_metrics(query)
        condition = self.condition(query.where, query.project)
        matches: Iterator[RunRecord] = (
            record
            for record in self._records(newest_first=True)
            if _fits(record, query) and (condition is None or self._satisfies(record, condition))
        )
        if query.limit is not None and not query.order:
            matches = _newest(matches, query.limit)
        entries = [self._entry(record) for record in matches]
        sorts_by_metric = query.order in PRIMARY or (bool(query.order) and needs_metrics(query.order))
        if not sorts_by_metric:
            entries = ordered(entries, query)
        for entry in entries if query.metrics else ():
            entry.metrics = self._figures(entry)
            complete(entry)
        if query.primary:
            fill(entries, lambda entry: entry.metrics or self._figures(entry))
        return ordered(entries, query) if sorts_by_metric else entries

    def get(self, run_id: str, *, metrics: bool = True) -> RunEntry | None:
        """Return one run; of several folders with its id the newest."""
        records = [record for folder in find.find(self.root, run_id) if (record := self._read(folder))]
        if not records:
            return None
        entry = self._entry(max(records, key=lambda record: record.created))
        if metrics:
            entry.metrics = self._figures(entry, every=True)
            complete(entry)
        return entry

    def beginning(self, text: str) -> list[str]:
        """Return ids by id, the name of the experiment, or the display name."""
        folders = list(find.all_runs(self.root))
        ids = [folder.rpartition("/")[2] for folder in folders]
        if text[:8].isdigit() and (matches := [run_id for run_id in ids if run_id.startswith(text)]):
            return sorted(matches)[:MOST_NAMES]
        records = self._records(newest_first=True)
        named = (
            record.run_id
            for record in records
            if record.deleted is None
            and (record.run_id.startswith(text) or text in (record.name, record.display_name))
        )
        return list(islice(named, MOST_NAMES))

    def satisfies(self, entry: RunEntry, where: str) -> bool:
        """Evaluate a condition on the files of a run; a key that no run has is a metric that is not logged yet."""
        condition = self.condition(where, entry.project, may_come=True)
        records = [record for folder in find.find(self.root, entry.id) if (record := self._read(folder))]
        return bool(records) and (condition is None or self._satisfies(records[0], condition))

    def condition(self, where: str, project: str | None, *, may_come: bool = False) -> Node | None:
        """Return the syntax tree of a condition, with bare keys for the fields that they stand for.

        Args:
            project: whose runs are searched; by default those that the condition requires, else all.
            may_come: an unknown key is that of a metric that is not logged yet.

        Raises:
            BadQuestion: it is malformed.
        """
        if not where.strip():
            return None
        from runs.query.where import bare_keys
        from runs.query.where.parser import BadWhere, parse, required_projects

        projects = (project,) if project else required_projects(where)

        def resolve(key: str) -> Field | str | None:
            return self._resolve(projects, key) or (bare_keys.future(key) if may_come else None)

        try:
            return parse(where, resolve)
        except BadWhere as error:
            raise BadQuestion(str(error)) from error

    def stamp(self, run_id: str) -> object | None:
        """Return times and sizes of the files whose content conditions may ask for."""
        stamps: list[tuple[int, int]] = []
        for folder in find.find(self.root, run_id):
            for name in sorted(READ | {layout.EVENTS}):
                try:
                    stat = os.stat(self.root / folder / name)
                except OSError:
                    stat = None
                stamps.append((0, 0) if stat is None else (stat.st_mtime_ns, stat.st_size))
        return tuple(stamps)

    def curves(self, entry: RunEntry, names: Sequence[str], points: int) -> dict[str, Curve]:
        """Read the journal of the run."""
        from runicorn_site.catalog.formulas import formulas_of, read_with_formulas
        from runicorn_site.catalog.journal_curves import curves_of

        trees = formulas_of(self.root, entry.project)
        try:
            return curves_of(read_with_formulas(self.root / entry.folder, trees, names), points)
        except OSError as error:
            raise system_error(entry.id, error) from error

    def log_lines(self, entry: RunEntry, tail: int) -> list[str]:
        """Read the end of `logs.txt`."""
        return last_lines(self.root / entry.folder / layout.LOGS, tail)[0]

    def follow_log(self, entry: RunEntry, tail: int) -> Iterator[str]:
        """Follow `logs.txt` until the status of the run is no longer `running`."""
        folder = self.root / entry.folder

        def is_running() -> bool:
            return layout.read_json(folder / layout.STATUS)[0].get("status") == layout.RUNNING

        return follow(folder / layout.LOGS, tail, is_running)

    def files(self, entry: RunEntry) -> list[RunFile]:
        """Return all files of the folder; links are left out."""
        top = str(self.root / entry.folder)
        files = []
        for parent, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(parent, name)
                if not os.path.islink(path):
                    relative = os.path.relpath(path, top).replace(os.sep, "/")
                    files.append(RunFile(relative, os.lstat(path).st_size))
        return files

    def fetch(self, entry: RunEntry, path: str, target: Path) -> None:
        """Copy a file of the run's folder."""
        source = self.root / entry.folder / path
        try:
            check_inside(self.root / entry.folder, source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target, follow_symlinks=False)
        except OSError as error:
            raise system_error(f"{entry.id}: {path}", error) from error

    def change_tags(self, entry: RunEntry, add: Sequence[str], remove: Sequence[str]) -> list[str]:
        """Write `curation.json`, as the server does."""

        def changed(now: RunFields) -> RunFields:
            return {"tags": clean_tags([tag for tag in [*now["tags"], *add] if tag not in remove])}

        return self._note(entry, changed)["tags"]

    def set_note(self, entry: RunEntry, text: str) -> None:
        """Write `curation.json`, as the server does."""
        self._note(entry, {"description": text})

    def append_to_note(self, entry: RunEntry, paragraph: str) -> str:
        """Write `curation.json` under its lock, as the server does."""

        def changed(now: RunFields) -> RunFields:
            return {"description": curation.with_paragraph(now["description"], paragraph)}

        try:
            return self._note(entry, changed)["description"]
        except ValueError as error:
            raise BadQuestion(str(error)) from error

    def delete(self, entries: Sequence[RunEntry]) -> None:
        """Mark the folders as deleted."""
        for entry in entries:
            self._write(entry, partial(self._put_into_bin, entry.status))

    def restore(self, entries: Sequence[RunEntry]) -> None:
        """Remove the marks."""
        for entry in entries:
            self._write(entry, curation.take_out_of_bin)

    def baselines(self, project: str | None) -> dict[str, list[str]]:
        """Read the files of the projects."""
        projects = [project] if project else sorted(find.list_folders(self.root, self.root, "")[0])
        baselines = {name: analysis.read(self.root, name)["baseline"] for name in projects}
        return {name: run_ids for name, run_ids in baselines.items() if run_ids}

    def verdicts(
        self, metrics: Sequence[str], a: Sequence[RunEntry], b: Sequence[RunEntry]
    ) -> list[Judgement]:
        """Compute the verdicts from the files."""
        from runicorn_site.catalog.judging import verdicts

        return verdicts(self, self.root, metrics, a, b)

    def _put_into_bin(self, status: str, folder: Path) -> bool:
        return curation.put_into_bin(self.root, folder, status)

    def _note(self, entry: RunEntry, changes: curation.Changes) -> RunFields:
        current = {field: getattr(entry, field) for field in curation.FIELDS}
        return self._write(entry, lambda folder: curation.note(self.root, folder, current, changes))

    def _write(self, entry: RunEntry, write: Callable[[Path], T]) -> T:
        folder = self.root / entry.folder
        try:
            result = write(folder)
        except OSError as error:
            raise system_error(entry.id, error) from error
        curation.stir(folder)
        return result

    def _records(self, newest_first: bool = False) -> Iterator[RunRecord]:
        folders = find.all_runs(self.root, self._cache)
        if newest_first:
            folders = iter(sorted(folders, key=lambda folder: folder.rpartition("/")[2], reverse=True))
        for folder in folders:
            if record := self._read(folder):
                yield record

    def _read(self, folder: str) -> RunRecord | None:
        return self._cache.read(folder, partial(self._read_files, folder))

    def _read_files(self, folder: str) -> RunRecord | None:
        path = f"{self.root}/{folder}"
        try:
            names = frozenset(os.listdir(path)) & READ
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                self._warn(f"{path}: {error.strerror or error}")
            return None
        return read_run(str(self.root), folder, FolderState(names, "", 0.0, 0.0, 0))[0]

    def _entry(self, record: RunRecord) -> RunEntry:
        # Each by its name: a dictionary of these arguments takes four times as long to make and unpack.
        return RunEntry(
            id=record.run_id,
            project=record.project,
            name=record.name,
            state=record.state,
            status=record.status,
            created_at=record.created,
            display_name=record.display_name,
            state_reason=record.state_reason,
            group=record.group,
            started_at=record.started,
            ended_at=record.ended,
            duration=_duration(record),
            hostname=record.hostname,
            owner=record.owner,
            tags=record.tags,
            description=record.description,
            pinned=record.pinned,
            archived=record.archived,
            best_metric_name=record.best_metric_name,
            best_metric_value=record.best_metric_value,
            best_metric_step=record.best_metric_step,
            deleted_at=record.deleted,
            config=record.config,
            summary=record.summary,
            folder=record.folder,
            metric_rules=record.metric_rules,
        )

    def _figures(self, entry: RunEntry, *, every: bool = False) -> dict[str, Figures]:
        """Return the statistics of metrics; those of formulas when they are asked for by name, or with `every`."""
        trees = self._formulas(entry.project)
        stats = self._stats(entry.folder, trees)
        figures = _figures(entry, stats)
        if not trees:
            return figures
        from runicorn_site.catalog.formulas import WithFormulas

        def compute(name: str) -> Mapping[str, Figures]:
            return _figures(entry, {name: stats[name]}) if name in stats else {}

        complete = WithFormulas(figures, trees, compute)
        if every:
            complete.fill()
        return complete

    def _formulas(self, project: str) -> Mapping[str, formulas.Node]:
        """Return the formulas of a project, at most a second old: each run asks for them, and `stat` takes longer."""
        read_at, trees = self._formulas_by_project.get(project, (-math.inf, {}))
        if time.monotonic() - read_at > FRESH_SECONDS:
            has_file = os.path.exists(analysis.path_of(self.root, project))
            if has_file:
                from runicorn_site.catalog.formulas import formulas_of
            trees = formulas_of(self.root, project) if has_file else {}
            self._formulas_by_project[project] = time.monotonic(), trees
        return trees

    def _stats(self, folder: str, trees: Mapping[str, formulas.Node]) -> Mapping[str, MetricStats]:
        stats = self._cache.stats(folder, partial(self._read_stats, folder))
        if not trees:
            return stats
        from metrics.query.formulas.full_resolution import stats_of
        from runicorn_site.catalog.formulas import WithFormulas, read_with_formulas

        def compute(name: str) -> Mapping[str, MetricStats]:
            try:
                series = read_with_formulas(self.root / folder, trees, [name])
            except OSError:
                return {}
            return {name: stats_of(series[name][1])} if name in series else {}

        return WithFormulas(stats, trees, compute)

    def _read_stats(self, folder: str) -> Mapping[str, MetricStats]:
        from metrics.ingest.journal_summary import metric_stats

        try:
            return metric_stats(self.root / folder)
        except OSError as error:
            self._warn(f"{folder}: {error.strerror or error}")
            return {}

    def _resolve(self, projects: Sequence[str], key: str) -> Field | str | None:
        """Return the field that a bare key stands for, as the viewer does; keys of later runs are looked for if needed."""
        from runs.query.where import bare_keys
        from runs.query.where.ast import Field

        read_at, keys = self._keys_read
        of_projects = bare_keys.merged(keys.get(project, ()) for project in projects or (bare_keys.EVERY,))
        is_known = isinstance(bare_keys.resolve(of_projects, key), Field)
        if not is_known and time.monotonic() - read_at > FRESH_SECONDS:
            keys = self._read_keys()
            self._keys_read = time.monotonic(), keys
        candidates = bare_keys.candidates(lambda project: keys.get(project, ()), projects, key)
        return bare_keys.resolve(candidates, key)

    def _read_keys(self) -> dict[str, list[bare_keys.Key]]:
        """Return config keys and metrics of each project, and of `EVERY`, with the number of runs that have each."""
        from runs.query.where import bare_keys

        counted: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for record in self._records():
            runs = counted[record.project]
            runs.update((bare_keys.CONFIG, name) for name in flatten(record.config))
            runs.update(
                (bare_keys.METRIC, name)
                for name in self._stats(record.folder, self._formulas(record.project))
            )
        keys = {
            project: [(kind, name, count) for (kind, name), count in runs.items()]
            for project, runs in counted.items()
        }
        return {**keys, bare_keys.EVERY: bare_keys.merged(keys.values())}

    def _satisfies(self, record: RunRecord, condition: Node) -> bool:
        from runs.query.where.record import RunEvaluator

        evaluator = RunEvaluator(
            record, lambda: self._stats(record.folder, self._formulas(record.project)), self.root
        )
        return evaluator.satisfies(condition)


def _duration(record: RunRecord) -> float | None:
    if record.duration is None and record.status == layout.RUNNING and record.started:
        return max(0.0, time.time() - record.started)
    return record.duration


def _figures(entry: RunEntry, stats: Mapping[str, MetricStats]) -> dict[str, Figures]:
    primary = _Primary(entry)
    figures = {}
    for name, metric in stats.items():
        last = metric.last if metric.last_special is None else float(metric.last_special)
        best, step = best_by(metric, mode_of(primary, name))
        figures[name] = Figures(
            last, best, metric.minimum, metric.maximum, metric.count, metric.last_step, step, metric.last_text
        )
    return figures


class _Primary:
    """The primary metric of an entry, whose mode its summary has."""

    def __init__(self, entry: RunEntry) -> None:
        self.best_metric_name = entry.best_metric_name
        self.best_metric_mode = entry.summary.get("best_metric_mode")
        self.metric_rules = entry.metric_rules


def _fits(record: RunRecord, query: Query) -> bool:
    return (
        (query.deleted is None or (record.deleted is not None) == query.deleted)
        and query.project in (None, record.project)
        and (not query.text or _has_words(record, query.text))
    )


def _has_words(record: RunRecord, text: str) -> bool:
    parts = [record.project, record.name, record.display_name or "", record.run_id, *record.tags]
    words = " ".join([*parts, record.description]).casefold()
    return all(word in words for word in text.casefold().split())


def _newest(records: Iterator[RunRecord], limit: int) -> Iterator[RunRecord]:
    """Yield records ordered by id until none that follows can be among the newest `limit`."""
    ages: list[float] = []
    for record in records:
        stamp = _stamp(record.run_id)
        if len(ages) >= limit and (not limit or stamp + ZONES < -ages[limit - 1]):
            return
        insort(ages, -record.created)
        yield record


def _stamp(run_id: str) -> float:
    """Return when a run was created, by its id; infinity if the id does not say so."""
    try:
        return time.mktime(time.strptime(run_id[:15], "%Y%m%d_%H%M%S"))
    except (ValueError, OverflowError):
        return math.inf
