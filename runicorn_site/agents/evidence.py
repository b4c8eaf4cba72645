"""Tools for what stands behind the figures: samples, differences, nearest runs, artifacts."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from runicorn.store.units import format_bytes, number_of
from runicorn_site.agents.answers import answer, cell, part, run_phrase, table
from runicorn_site.catalog.base import Catalog
from runicorn_site.catalog.names import find_run, find_runs
from runicorn_site.catalog.run_artifacts import artifact_version, artifacts, artifacts_of_run
from runicorn_site.catalog.samples import SampleQuery, sample_page, sample_row, sample_sets

ROWS = 10
SHOWN = ("id", "prompt", "completion", "target", "reward", "correct")
"""Columns of samples that a list shows."""
SECTIONS = ("config", "packages", "environment", "command", "hardware", "artifacts", "code")


class Evidence:
    """Tools over one catalog of runs.

    Raises: all methods raise `CatalogError` with a sentence.
    """

    READING: ClassVar[tuple[str, ...]] = (
        "samples",
        "sample",
        "differ",
        "nearest",
        "list_artifacts",
        "show_artifact",
    )
    CHANGING: ClassVar[tuple[str, ...]] = ()

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def samples(
        self,
        run: str,
        name: str = "",
        step: int | None = None,
        where: str = "",
        search: str = "",
        sort: str = "",
        page: int = 1,
    ) -> str:
        """List samples of a run (rollouts, completions, evaluated examples), 10 a page; without a name its sample sets.

        Args:
            run: as for show_run.
            name: name of the sample set; may be left out if there is one and a condition, search or sort is given.
            step: only samples of this step.
            where: condition over the columns, such as `reward < 0.2 and truncated`.
            search: words that all occur in a sample.
            sort: a column, `-` before it for the greatest first.
            page: 1 is the first.
        """
        entry = find_run(self._catalog, run)
        if not name:
            sets = sample_sets(self._catalog, entry)
            if len(sets) != 1 or not (where or search or sort or step is not None):
                rows = [[each.name, each.rows, _steps(each.steps), ", ".join(each.columns)] for each in sets]
                facts = f"{number_of(len(sets), 'sample set')} of {run_phrase(entry.id)}."
                return answer(facts, table(("name", "samples", "steps", "columns"), rows) if rows else "")
            name = sets[0].name
        first = (max(page, 1) - 1) * ROWS
        query = SampleQuery(step, where, search, sort, first, ROWS)
        samples, total = sample_page(self._catalog, entry, name, query)
        if not samples:
            return answer(f"{number_of(total, 'sample')} matched; page {page} is empty.")
        columns = [key for key in SHOWN if any(key in row for row in samples)]
        columns = columns or [key for key in samples[0] if not key.startswith("_")][:4]
        rows = [[row.get("_row"), row.get("_step"), *(row.get(key) for key in columns)] for row in samples]
        more = ["One sample as a whole: sample with its row."]
        if total > first + ROWS:
            more.append(f"More: page={page + 1}.")
        facts = f"{number_of(total, 'sample')} matched, these are {first + 1} to {first + len(samples)}."
        return answer(facts, table(("row", "step", *columns), rows), " ".join(more))

    def sample(self, run: str, name: str, row: int, start: int = 0) -> str:
        """Return one sample with all of its texts, a part at a time.

        Args:
            run: as for show_run.
            name: name of the sample set.
            row: its row, as samples lists it.
            start: first character of the part.
        """
        entry = find_run(self._catalog, run)
        values = sample_row(self._catalog, entry, name, row)
        lines = [
            f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for key, value in values.items()
            if not key.startswith("_")
        ]
        whole = "\n".join(lines)
        piece = part(whole, max(start, 0))
        end = max(start, 0) + len(piece)
        facts = f"Sample {row} at step {values.get('_step')} of {run_phrase(entry.id)}, {len(whole):,} characters."
        return answer(facts, piece, f"More: start={end}." if end < len(whole) else "")

    def differ(self, a: str, b: str) -> str:
        """Say what changed from run a to run b: config, code, packages, environment, data, and where curves part.

        Args:
            a: the earlier run, as for show_run.
            b: the later run, or several of a group separated by commas.
        """
        from runicorn_site.catalog.differences import differ

        first = find_run(self._catalog, a)
        others = find_runs(self._catalog, [name.strip() for name in b.split(",")])
        difference: dict[str, Any] = dict(differ(self._catalog, first, others))
        lines = list(difference.get("sentences") or [])
        for section in SECTIONS:
            lines += _changes(section, difference.get(section))
        facts = f"From {run_phrase(first.id)} to {', '.join(run_phrase(entry.id) for entry in others[:5])}."
        return answer(facts, "\n".join(lines) or "Nothing differs.")

    def nearest(self, run: str, limit: int = 5) -> str:
        """List the runs of the same project whose config is nearest: was this tried before?

        Args:
            run: as for show_run.
            limit: at most 20.
        """
        from runicorn_site.catalog.differences import near

        entry = find_run(self._catalog, run)
        neighbours = near(self._catalog, entry, max(1, min(limit, 20)))
        rows = [
            [
                each["run_id"],
                each["distance"],
                each["state"],
                ", ".join(each["changed"]),
                ", ".join(f"{name} {cell(value)}" for name, value in list(each["metrics"].items())[:3]),
            ]
            for each in neighbours
        ]
        facts = (
            f"{number_of(len(rows), 'run')} nearest to {run_phrase(entry.id)}; distance 0 is the same config."
        )
        columns = ("id", "distance", "state", "changed", "best metrics")
        return answer(facts, table(columns, rows) if rows else "", "More of one: show_run, differ.")

    def list_artifacts(self, run: str = "", page: int = 1) -> str:
        """List artifacts (models, datasets), or the versions that a run created and used.

        Args:
            run: as for show_run; empty for all artifacts.
            page: 1 is the first of 30.
        """
        if run:
            entry = find_run(self._catalog, run)
            entries = artifacts_of_run(self._catalog, entry)
            rows = [
                [each.get("relation"), f"{each.get('type')}/{each.get('name')}:v{each.get('version')}"]
                for each in entries
            ]
            facts = f"{number_of(len(rows), 'version')} of {run_phrase(entry.id)}."
            return answer(facts, table(("relation", "version"), rows) if rows else "")
        every = artifacts(self._catalog)
        start = (max(page, 1) - 1) * 30
        rows = [
            [
                f"{each['type']}/{each['name']}",
                each["num_versions"],
                format_bytes(each["size_bytes"]),
                ", ".join(f"{alias}=v{number}" for alias, number in sorted(each["aliases"].items())),
            ]
            for each in every[start : start + 30]
        ]
        more = f"More: page={page + 1}." if len(every) > start + 30 else ""
        facts = f"{number_of(len(every), 'artifact')}."
        return answer(facts, table(("artifact", "versions", "size", "aliases"), rows) if rows else "", more)

    def show_artifact(self, version: str) -> str:
        """Show a version of an artifact: who made it, metadata, aliases and files with their digests.

        Args:
            version: `resnet:v1`, `resnet:best` (an alias), `resnet` (the latest one), or with its type `model/resnet`.
        """
        about = artifact_version(self._catalog, version)
        lines = [
            f"{key}: {cell(about.get(key))}"
            for key in (
                "type",
                "name",
                "version",
                "status",
                "created_by_run",
                "aliases",
                "tags",
                "description",
            )
            if about.get(key) not in (None, "", [])
        ]
        lines += [f"metadata.{key}: {cell(value)}" for key, value in (about.get("metadata") or {}).items()]
        files = [[file["path"], format_bytes(file["size"]), file["digest"]] for file in about["files"]]
        lines += ["", table(("file", "size", "digest"), files)]
        return answer(
            f"A version with {number_of(len(files), 'file')}, {format_bytes(about['size_bytes'])}.",
            "\n".join(lines),
        )


def _steps(steps: list[int]) -> str:
    return f"{steps[0]} to {steps[-1]} ({len(steps)})" if len(steps) > 1 else ", ".join(map(str, steps))


def _changes(section: str, content: Any) -> list[str]:
    """Return a line for each change of a section of a difference."""
    if not isinstance(content, dict):
        return []
    lines = []
    for kind in ("changed", "added", "removed"):
        for change in content.get(kind) or []:
            if isinstance(change, dict) and "key" in change:
                values = " -> ".join(cell(change[side]) for side in ("a", "b") if side in change)
                lines.append(f"{section} {kind}: {change['key']}: {values}")
    for file in content.get("files") or []:
        if isinstance(file, dict) and "path" in file:
            lines.append(
                f"{section}: {file['path']} {file.get('status')} +{file.get('added')} -{file.get('removed')}"
            )
    return lines
