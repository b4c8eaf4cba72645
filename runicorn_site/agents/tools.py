"""Tools of the MCP server. Each returns one text of at most 2,000 tokens."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from runicorn.store import layout
from runicorn.store.units import format_bytes, number_of
from runicorn_site.agents.answers import answer, cell, moment, number, run_phrase, table
from runicorn_site.agents.budget import Budget
from runicorn_site.agents.curve import CurveFacts
from runicorn_site.agents.curve import facts as curve_facts
from runicorn_site.catalog.base import Catalog, CatalogError, Curve, Query
from runicorn_site.catalog.entry import Figures, RunEntry, needs_metrics, nested, value_of
from runicorn_site.catalog.names import find_run, find_runs
from runicorn_site.catalog.primary import PRIMARY
from runs.store.params import flatten

PAGE = 20
USUAL = ("id", "project", "name", "state", "created_at", "best_metric_name", "best_metric_value")
MOST_POINTS = 40
SHOWN_LINES = 60
LONGEST_WAIT = 50.0
"""Seconds of one call: clients give up after a minute."""
PAUSE = 0.5
MOST_VERDICTS = 6


class Tools:
    """The tools over one catalog of runs.

    Raises: all methods raise `CatalogError` or `Refused` with a sentence.
    """

    READING: ClassVar[tuple[str, ...]] = (
        *("list_projects", "list_runs", "show_run", "curve", "compare"),
        *("tail_log", "search_log", "list_files", "wait"),
    )
    CHANGING: ClassVar[tuple[str, ...]] = ("tag_run", "append_note")

    def __init__(
        self,
        catalog: Catalog,
        budget: Budget,
        author: str = "agent",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._catalog = catalog
        self._budget = budget
        self._author = author
        self._clock = clock
        self._sleep = sleep

    # Reading

    def list_runs(
        self,
        where: str = "",
        project: str = "",
        sort: str = "",
        descending: bool = True,
        columns: list[str] | None = None,
        page: int = 1,
    ) -> str:
        """List runs, 20 a page, the newest first unless sorted.

        Args:
            where: condition such as `config.lr < 0.01 and metric.val_acc.best > 0.9 and state = finished`.
            project: only runs of this project.
            sort: a column.
            descending: greatest first.
            columns: fields (`id`, `state`, `created_at`, `duration`, `tags`, …), `config.KEY`, `summary.KEY`,
                `metric.NAME` (its last value), or `metric.NAME.best` (`last`, `min`, `max`, `count`).
            page: 1 is the first.
        """
        keys = list(dict.fromkeys(["id", *columns])) if columns else list(USUAL)
        query = Query(
            where=where,
            project=project or None,
            order=sort,
            descending=descending,
            metrics=any(map(needs_metrics, keys)),
            primary=bool(PRIMARY & set(keys)),
        )
        entries = self._catalog.select(query)
        start = (max(page, 1) - 1) * PAGE
        page_entries = entries[start : start + PAGE]
        if not page_entries:
            return answer(f"{number_of(len(entries), 'run')} matched; page {page} is empty.")
        facts = (
            f"{number_of(len(entries), 'run')} matched, these are {start + 1} to {start + len(page_entries)}."
        )
        rest = len(entries) > start + PAGE
        rows = [[_value(entry, key) for key in keys] for entry in page_entries]
        return answer(facts, table(keys, rows), f"More: page={page + 1}." if rest else "")

    def list_projects(self) -> str:
        """List the projects with the number of their runs by state and the time of the newest run."""
        entries = self._catalog.select(Query())
        by_project: dict[str, list[RunEntry]] = {}
        for entry in entries:
            by_project.setdefault(entry.project, []).append(entry)
        rows = []
        for project, runs in sorted(by_project.items(), key=lambda item: -len(item[1])):
            states = ", ".join(
                f"{n} {state}" for state, n in Counter(run.state for run in runs).most_common()
            )
            rows.append([project, len(runs), states, moment(runs[0].created_at)])
        facts = f"{number_of(len(entries), 'run')} in {number_of(len(rows), 'project')}."
        return answer(facts, table(("project", "runs", "states", "newest"), rows) if rows else "")

    def show_run(self, run: str) -> str:
        """Show state, config, summary, tags, note and metrics of a run.

        Args:
            run: an id, its unique beginning, a unique name, `latest`, `best:METRIC`, or `@baseline`.
        """
        entry = find_run(self._catalog, run, metrics=True)
        facts = [
            *(
                (name, getattr(entry, name))
                for name in ("id", "project", "name", "display_name", "group", "state")
            ),
            ("state_reason", entry.state_reason),
            ("created_at", moment(entry.created_at)),
            ("duration_seconds", entry.duration),
            *((name, getattr(entry, name)) for name in ("hostname", "tags")),
            ("note", entry.description),
        ]
        lines = [f"{name}: {cell(value)}" for name, value in facts if value not in (None, "", [])]
        lines += [f"config.{key}: {cell(nested(entry.config, key))}" for key in flatten(entry.config)]
        lines += [f"summary.{key}: {cell(nested(entry.summary, key))}" for key in flatten(entry.summary)]
        rows = [
            [name, figures.value("last"), figures.best, figures.min, figures.max, figures.count]
            for name, figures in sorted(entry.metrics.items(), key=lambda item: item[0].startswith("system/"))
        ]
        if rows:
            lines += ["", table(("metric", "last", "best", "min", "max", "points"), rows)]
        return answer(
            f"Facts of {run_phrase(entry.id)}.",
            "\n".join(lines),
            "More of it: list_runs with columns, curve, tail_log.",
        )

    def curve(self, run: str, metric: str) -> str:
        """Describe one metric of a run over its steps: extremes, slope, spikes, plateau, NaN, and 40 points.

        Args:
            run: as for show_run.
            metric: the name of the metric.
        """
        entry = find_run(self._catalog, run)
        whole = self._catalog.curves(entry, [metric], 2000).get(metric)
        if whole is None:
            return answer(
                f"There is no such metric in {run_phrase(entry.id)}; show_run lists those that it has."
            )
        count = f"{number_of(whole.count, 'point')} of {run_phrase(entry.id)}."
        if whole.labels:
            changes = _changes(whole)
            about = f"{count} They are texts, which change {number_of(len(changes) - 1, 'time')}."
            return answer(about, table(("step", "text"), changes))
        facts = curve_facts(whole.steps, whole.values)
        described = _describe(facts) if facts else "No value is finite."
        few = self._catalog.curves(entry, [metric], MOST_POINTS)[metric]
        points = table(
            ("step", "value"), [[step, value] for step, value in zip(few.steps, few.values, strict=True)]
        )
        return answer(f"{count} {described}", points)

    def compare(self, runs: list[str], everything: bool = False) -> str:
        """Compare the config and the metrics of runs side by side, and judge each against the first: better, or luck?

        Args:
            runs: each as for show_run.
            everything: also values that are equal.
        """
        entries = find_runs(self._catalog, runs, metrics=True)
        if len(entries) < 2:
            raise CatalogError("compare needs two runs or more.")
        keys = dict.fromkeys(key for entry in entries for key in flatten(entry.config))
        rows = [["state", *(entry.state for entry in entries)]]
        rows += [[f"config.{key}", *(cell(nested(entry.config, key)) for entry in entries)] for key in keys]
        for name in sorted({name for entry in entries for name in entry.metrics}):
            if name.startswith("system/"):
                continue
            of_name = [entry.metrics.get(name, Figures()) for entry in entries]
            rows += [
                [f"metric.{name}.{figure}", *(cell(figures.value(figure)) for figures in of_name)]
                for figure in ("last", "best")
            ]
        rows = [row for row in rows if everything or len(set(row[1:])) > 1]
        facts = (
            f"{len(entries)} runs, {number_of(len(rows), 'difference') if not everything else 'all values'}."
        )
        names = [name for name in entries[0].metrics if not name.startswith("system/")]
        names = sorted(names, key=lambda name: name != entries[0].best_metric_name)[:MOST_VERDICTS]
        lines = []
        for entry in entries[1:]:
            verdicts = self._catalog.verdicts(names, [entry], entries[:1])
            lines += [
                f"{entry.id} against {entries[0].id}, {v.metric}: {v.verdict}. {v.sentence}" for v in verdicts
            ]
        # Verdicts before the table: a cut takes its end.
        return answer(facts, "\n".join([*lines, "", table(("key", *(entry.id for entry in entries)), rows)]))

    def tail_log(self, run: str, lines: int = 30) -> str:
        """Return the last lines of a run's log, at most 60.

        Args:
            run: as for show_run.
            lines: number of lines.
        """
        entry = find_run(self._catalog, run)
        last = self._catalog.log_lines(entry, max(1, min(lines, SHOWN_LINES)))
        return answer(
            f"The last {number_of(len(last), 'line')} of the log of {run_phrase(entry.id)}.", _lines(last)
        )

    def search_log(self, run: str, pattern: str, context: int = 0) -> str:
        """Find lines of a run's log, the last 30 of them.

        Args:
            run: as for show_run.
            pattern: a regular expression of Python; case does not matter.
            context: lines before and after each, at most 5.
        """
        try:
            expression = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise CatalogError(f"The pattern is no regular expression: {error}.") from error
        entry = find_run(self._catalog, run)
        lines = self._catalog.log_lines(entry, 100_000)
        matches = [index for index, line in enumerate(lines) if expression.search(line[:2000])]
        around = max(0, min(context, 5))
        indices = sorted(
            {
                near
                for index in matches[-30:]
                for near in range(max(0, index - around), min(len(lines), index + around + 1))
            }
        )
        facts = f"{number_of(len(matches), 'line')} of the log of {run_phrase(entry.id)} matched."
        return answer(facts, _lines([f"{index + 1}: {lines[index]}" for index in indices]))

    def list_files(self, run: str) -> str:
        """List the files of a run with their sizes.

        Args:
            run: as for show_run.
        """
        entry = find_run(self._catalog, run)
        files = self._catalog.files(entry)
        rows = [[file.path, format_bytes(file.size)] for file in files]
        return answer(
            f"{number_of(len(files), 'file')} of {run_phrase(entry.id)}.", table(("file", "size"), rows)
        )

    def wait(self, runs: list[str], until: str = "", seconds: float = 30) -> str:
        """Wait until each of the runs satisfies a condition, or without one, until all have ended.

        Args:
            runs: each as for show_run.
            until: a condition as in list_runs.
            seconds: at most 50; call again to wait longer.
        """
        waiting = {find_run(self._catalog, name).id: until for name in runs}
        end = self._clock() + max(0.0, min(seconds, LONGEST_WAIT))
        results: dict[str, str] = {}
        while True:
            for run_id in [run_id for run_id in waiting if run_id not in results]:
                if result := self._result(run_id, until):
                    results[run_id] = result
            if len(results) == len(waiting) or self._clock() >= end:
                break
            self._sleep(PAUSE)
        rows = [[run_id, results.get(run_id, "still running")] for run_id in waiting]
        pending = len(waiting) - len(results)
        facts = f"{pending} of {len(waiting)} still running." if pending else "Nothing is left to wait for."
        return answer(facts, table(("run", "result"), rows))

    def _result(self, run_id: str, until: str) -> str:
        entry = self._catalog.get(run_id, metrics=False)
        if entry is None:
            return "gone"
        if until and self._catalog.satisfies(entry, until):
            return "true"
        if entry.status == layout.RUNNING:
            return ""
        return "ended without" if until else entry.state

    # Changing

    def tag_run(self, run: str, add: list[str] | None = None, remove: list[str] | None = None) -> str:
        """Add and remove tags of a run.

        Args:
            run: as for show_run.
            add: tags to add.
            remove: tags to remove.
        """
        entry = find_run(self._catalog, run)
        self._budget.spend()
        tags = self._catalog.change_tags(entry, add or [], remove or [])
        return answer(f"Tags of {run_phrase(entry.id)} were changed.", ", ".join(tags))

    def append_note(self, run: str, text: str) -> str:
        """Add a paragraph to the note of a run, signed as written by an agent.

        Args:
            run: as for show_run.
            text: Markdown.
        """
        entry = find_run(self._catalog, run)
        self._budget.spend()
        self._catalog.append_to_note(entry, f"{text.strip()} — {self._author}")
        return answer(f"The note of {run_phrase(entry.id)} has a new paragraph.")


def _value(entry: RunEntry, key: str) -> Any:
    value = value_of(entry, key)
    return moment(value) if key.endswith("_at") and isinstance(value, float | int) else value


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(line if len(line) <= 400 else f"{line[:400]}…" for line in lines)


def _changes(curve: Curve) -> list[list[Any]]:
    """Return the step and the text of the first value of a metric of texts, and of each that differs from the one before."""
    texts = curve.texts()
    return [
        [step, text]
        for at, (step, text) in enumerate(zip(curve.steps, texts, strict=True))
        if at == 0 or text != texts[at - 1]
    ]


def _describe(facts: CurveFacts) -> str:
    def at(point: tuple[float, float]) -> str:
        return f"{number(point[1])} at step {number(point[0])}"

    sentences = [
        f"First {at(facts.first)}, last {at(facts.last)}, lowest {at(facts.lowest)}, highest {at(facts.highest)}.",
        f"Over the last quarter it is {facts.trend} (slope {number(facts.slope)} a step).",
    ]
    if facts.plateau_since is not None:
        sentences.append(f"Plateau since step {number(facts.plateau_since)}.")
    if facts.spikes:
        sentences.append(f"Spikes: {', '.join(map(at, facts.spikes))}.")
    if facts.missing:
        first, count = facts.missing[0], len(facts.missing)
        sentences.append(f"NaN or infinite at {number_of(count, 'step')}, first at step {number(first)}.")
    return " ".join(sentences) if math.isfinite(facts.slope) else sentences[0]
