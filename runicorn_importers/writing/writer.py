"""Write experiments of other trackers as runs, and update runs whose source has grown.

The id of a run consists of its start time and a hash of its origin. `meta.json` has the origin (`imported_from`) and the
state of the source (`imported_state`), by which a later import finds the run.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

from runicorn import _platform
from runicorn.artifacts.errors import ArtifactError
from runicorn.store import curation, find, layout
from runicorn_importers.experiment import DAMAGED, Experiment, Unreadable
from runicorn_importers.writing.comparison import FORMAT, Comparison, compare
from runicorn_importers.writing.extending import extend
from runicorn_importers.writing.run_writer import ORIGIN, STATE, RunWriter
from runicorn_tools.archives.staging import staging

REPORTS = "imports"
"""Folder, in the private folder of the store, of the reports of imports."""
Result = Literal["taken", "updated", "unchanged", "failed"]
DIGEST = 6
"""Characters of the digest of the origin in the id of a run."""
UNREADABLE = (*DAMAGED, ArtifactError)
"""Errors of a damaged source: they end the import of that run only."""


class Item(NamedTuple):
    """Result of one experiment.

    Attributes:
        source: its origin, or the file that could not be read.
        result: what was done, or would be done.
        run: its folder, relative to the root; "" if it failed.
        reason: reason of the failure, or "".
        compared: the comparison of a new or updated run with its source.
    """

    source: str
    result: Result
    run: str = ""
    reason: str = ""
    compared: Comparison | None = None

    def to_dict(self) -> dict[str, Any]:
        differences = self.compared.differences if self.compared else []
        about = {"source": self.source, "result": self.result, "run_id": self.run.rpartition("/")[2]}
        return {**about, "reason": self.reason, "differences": differences}


@dataclass
class ImportReport:
    """Result of an import, or of a dry run.

    Attributes:
        items: one for each experiment, in the order of the reader.
        points: number of records of the new and updated runs.
        versions: new versions of artifacts.
        omissions: data that was not imported, each once, with its owner.
    """

    items: list[Item] = field(default_factory=list)
    points: int = 0
    versions: list[str] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)

    def of(self, result: Result) -> list[str]:
        """Return the run folders with a result, relative to the root."""
        return [item.run for item in self.items if item.result == result]

    @property
    def runs(self) -> list[str]:
        """Return the folders of new runs, relative to the root."""
        return self.of("taken")

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of runs with each result."""
        return counted(item.result for item in self.items)

    @property
    def compared(self) -> dict[str, int]:
        """Return how many runs, series and points were compared with their sources, and how many runs differ."""
        comparisons = [item.compared for item in self.items if item.compared is not None]
        return {
            "runs": len(comparisons),
            "series": sum(len(comparison.series) for comparison in comparisons),
            "points": sum(comparison.points for comparison in comparisons),
            "different": sum(bool(comparison.differences) for comparison in comparisons),
        }

    @property
    def differences(self) -> list[str]:
        """Return a message for each series that is not equal to its source."""
        return [
            f"{item.run or item.source}: {sentence}"
            for item in self.items
            if item.compared is not None
            for sentence in item.compared.differences
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, the comparison of the imported runs with their sources, and an entry for each run."""
        return {
            **self.counts,
            "compared": self.compared,
            "left": self.omissions,
            "report": [item.to_dict() for item in self.items],
        }

    @property
    def failed(self) -> list[Item]:
        """Return the experiments that could not be read."""
        return [item for item in self.items if item.result == "failed"]


def counted(results: Iterable[Result]) -> dict[str, int]:
    """Return how often each result occurs."""
    all_results, kinds = list(results), cast(tuple[Result, ...], get_args(Result))
    return {kind: all_results.count(kind) for kind in kinds}


def summary(counts: dict[str, int]) -> str:
    """Return counts as the last line of an import."""
    return ", ".join(f"{result} {count}" for result, count in counts.items())


def import_experiments(
    root: Path,
    experiments: Iterable[Experiment | Unreadable],
    *,
    project: str = "",
    dry_run: bool = False,
    source: str = "",
) -> ImportReport:
    """Write experiments as runs of a store; those whose source has grown since the last import grow too.

    An experiment that cannot be read is reported, and the others are imported.

    Args:
        experiments: experiments of a reader.
        project: project of all runs, instead of their own.
        dry_run: only report what would be done, without reading logged data.
        source: tracker and path; the report is kept in `.runicorn/imports` under a digest of it, unless empty.

    Raises:
        runicorn.store.layout.InvalidName: `project` is invalid.
        NotReadable: the source is not data of this tracker.
        OSError: the store cannot be written; runs written before are complete.
    """
    if project:
        layout.check_name(project, "project")
    report = ImportReport()
    with staging(root) as folder, _platform.file_lock(curation.private_folder(root) / "import.lock"):
        for number, experiment in enumerate(experiments):
            if isinstance(experiment, Unreadable):
                report.items.append(Item(experiment.source, "failed", reason=experiment.reason))
            else:
                _import_one(root, experiment, folder / str(number), project, dry_run, report)
        if source and not dry_run:
            _keep_report(root, source, report)
    return report


def _keep_report(root: Path, source: str, report: ImportReport) -> None:
    folder = curation.private_folder(root) / REPORTS
    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    about = {"format": FORMAT, "source": source, "at": time.time()}
    layout.write_json(folder / f"{name}.json", {**about, **report.to_dict()})


def _import_one(
    root: Path, experiment: Experiment, folder: Path, project: str, dry_run: bool, report: ImportReport
) -> None:
    try:
        dated = _dated(experiment)
        if dated is None:
            report.omissions.append(f"{experiment.origin}: it has no values yet, so no run was created.")
            return
        place = _place(root, dated, project)
        result = _pending(root / place, dated)
        written_run = None if dry_run else _write_run(root, dated, folder, place, result)
    except UNREADABLE as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in _platform.NO_ROOM:
            raise
        report.items.append(Item(experiment.origin, "failed", reason=str(error) or type(error).__name__))
        return
    writer, compared = written_run or (None, None)
    report.items.append(Item(experiment.origin, result, place, compared=compared))
    if writer is not None and result != "unchanged":
        report.points += writer.records
        report.versions += writer.versions
        report.omissions += [f"{place}: {sentence}" for sentence in dict.fromkeys(experiment.omissions)]


def _write_run(
    root: Path, experiment: Experiment, folder: Path, place: str, result: Result
) -> tuple[RunWriter, Comparison] | None:
    """Write a new or changed run, and compare it with its source; compare an unchanged one if it never was."""
    facts: dict[str, Any] = {STATE: _state(experiment)}
    if experiment.parent:
        facts["imported_parent"] = experiment.parent
    if experiment.fork_step is not None:
        facts["imported_fork_step"] = experiment.fork_step
    run, writer = root / place, RunWriter(root, experiment, folder, place, facts)
    report = run / layout.IMPORT_REPORT
    if result == "unchanged":
        if report.exists() or (run / layout.DELETED).exists():
            return None
        for _ in writer.entries():
            pass
    else:
        report.unlink(missing_ok=True)
        if result == "taken" or not extend(writer):
            writer = RunWriter(root, experiment, folder, place, facts)
            writer.write()
    return writer, compare(writer)


def _dated(experiment: Experiment) -> Experiment | None:
    """Return the experiment with the time of its first record if it has no start; None if it is empty."""
    if experiment.started is not None:
        return experiment
    first = next(iter(experiment.entries()), None)
    if first is None and not experiment.config:
        return None
    return replace(experiment, started=first.time if first else experiment.ended)


def _pending(run: Path, experiment: Experiment) -> Result:
    """Return the action for an experiment whose run folder is `run`."""
    if not run.exists():
        return "taken"
    is_deleted = (run / layout.DELETED).exists()
    same = layout.read_json(run / layout.META)[0].get(STATE) == _state(experiment)
    return "unchanged" if is_deleted or same or not experiment.fingerprint else "updated"


def _state(experiment: Experiment) -> str:
    """Return a digest of the source's fingerprint and of what the reader extracts."""
    text = f"{experiment.fingerprint}\n{experiment.status}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _place(root: Path, experiment: Experiment, project: str) -> str:
    """Return the existing or new folder of a run, relative to the root."""
    salt = 0
    while True:
        run_id = _id(experiment, salt)
        for relative in find.find(root, run_id) if experiment.is_dated else _with_digest(root, run_id):
            if layout.read_json(root / relative / layout.META)[0].get(ORIGIN) == experiment.origin:
                return relative
        if not find.find(root, run_id):
            names = project or layout.fit_name(experiment.project), layout.fit_name(experiment.name)
            return str(layout.run_folder(Path(), *names, run_id))
        salt += 1  # another run of the same second and the same hash


def _with_digest(root: Path, run_id: str) -> list[str]:
    """Return the runs whose id has the same digest and any time."""
    digest = run_id[-DIGEST:]
    return [place for place in find.all_runs(root) if place.endswith(f"_{digest}")]


def _id(experiment: Experiment, salt: int) -> str:
    digest = hashlib.sha256(f"{experiment.origin}\n{salt or ''}".encode("utf-8", "surrogatepass")).hexdigest()
    began = time.gmtime(min(max(experiment.started or 0.0, 0.0), 253402300799.0))
    return f"{time.strftime('%Y%m%d_%H%M%S', began)}_{digest[:DIGEST]}"
