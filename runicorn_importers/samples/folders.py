"""Folders of frameworks, and the runs that their samples belong to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn.store import find, layout
from runicorn_importers.experiment import Experiment, NotReadable, open_ended
from runicorn_importers.samples import (
    art,
    inspect_ai,
    lighteval,
    lm_eval,
    miles,
    nemo_rl,
    open_instruct,
    prime_rl,
    tinker,
    torchtitan,
    trl,
    verifiers,
    verl,
)
from runicorn_importers.samples.landing import State, land
from runicorn_importers.samples.source import SampleSource
from runicorn_importers.writing.writer import ImportReport, Item, import_experiments

FRAMEWORKS: dict[str, Callable[[Path], Iterator[SampleSource]]] = {
    "prime-rl": prime_rl.sources,
    "verifiers": verifiers.sources,
    "miles": miles.sources,
    "verl": verl.sources,
    "trl": trl.sources,
    "nemo-rl": nemo_rl.sources,
    "torchtitan": torchtitan.sources,
    "tinker-cookbook": tinker.sources,
    "open-instruct": open_instruct.sources,
    "art": art.sources,
    "lm-eval": lm_eval.sources,
    "inspect": inspect_ai.sources,
    "lighteval": lighteval.sources,
}
DEPTH = 4
"""Levels below a watched folder in which folders of frameworks are searched."""
SKIPPED = frozenset({"node_modules", "__pycache__", "wandb", "mlruns"})


@dataclass(frozen=True)
class SampleFolder:
    """A folder with samples of one framework."""

    framework: str
    path: Path

    def sources(self) -> list[SampleSource]:
        """Return the files that it has now."""
        return list(FRAMEWORKS[self.framework](self.path))


def sample_folders(top: Path) -> Iterator[SampleFolder]:
    """Yield the folders of frameworks at and below a path; of nested ones the outermost."""
    pending = [(top, 0)]
    while pending:
        folder, depth = pending.pop()
        for framework, sources in FRAMEWORKS.items():
            if _has_samples(sources, folder):
                yield SampleFolder(framework, folder)
                break
        else:
            if depth < DEPTH:
                pending += [(inner, depth + 1) for inner in reversed(_inner(folder))]


def _has_samples(sources: Callable[[Path], Iterator[SampleSource]], folder: Path) -> bool:
    try:
        return next(sources(folder), None) is not None
    except OSError:
        return False


def _inner(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
                and entry.name not in SKIPPED
                and (not entry.name.startswith(".") or entry.name == ".art")
            ]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def import_samples(root: Path, folder: SampleFolder, *, project: str = "", run: str = "") -> ImportReport:
    """Write the samples of a folder that are new since the last import.

    They go to the run that is named, else to the one that wrote into this folder by its config, else to one that is called
    like the folder, else to a run of their own.

    Args:
        project: project of a run of their own.
        run: id of an existing run.

    Raises:
        NotReadable: there is no run with this id.
        ImportError: Parquet or Zstandard files need pyarrow.
        OSError: a file could not be read, or the store not be written.
    """
    state = State(root, folder.path)
    place = _place(root, folder, state, run)
    report = ImportReport()
    if place is None:
        if state.run:  # that run was deleted; the new one can get the same id
            state.run, state.files = "", {}
            state.save(folder.path)
        report = import_experiments(root, [_experiment(folder)], project=project)
        place = next((item.run for item in report.items if item.run), None)
        if place is None:
            return report
    run_id = place.rpartition("/")[2]
    if state.run != run_id:
        state.run, state.files = run_id, {}
    is_new = not state.files
    count = land(root, root / place, folder.sources(), state, folder.path)
    if not report.items and count:
        report.items.append(Item(str(folder.path), "taken" if is_new else "updated", place))
    report.points += count
    report.omissions += [f"{place}: samples are {note}" for note in _notes(folder)] if is_new else []
    return report


def read(path: Path) -> Iterator[Experiment]:
    """Yield a run for each folder of samples, without them (entry point `runicorn.trackers`)."""
    return map(_experiment, sample_folders(path))


def needs_arrow(error: ImportError) -> str:
    """Return the sentence about a missing library."""
    return f"its files need {error.name or 'pyarrow'}: python -m pip install pyarrow"


def _place(root: Path, folder: SampleFolder, state: State, run: str) -> str | None:
    """Return the folder of the existing run that the samples go to."""
    if run_id := run or state.run:
        places = find.find(root, run_id)
        if run and not places:
            raise NotReadable(f"There is no run {run}.")
        if places:
            return places[0]
    return _by_config(root, folder.path) or _by_name(root, folder)


def _by_config(root: Path, path: Path) -> str | None:
    """Return the newest run with a config value that is this folder or one above, the nearest first."""
    resolved = path.resolve()
    best: tuple[int, str, str] | None = None
    for place in find.all_runs(root):
        for value in _texts(layout.read_json(root / place / layout.CONFIG)[0]):
            if not os.path.isabs(value):
                continue
            there = Path(value).resolve()
            if (there == resolved or there in resolved.parents) and len(there.parts) > 2:
                best = max(best or (0, "", ""), (len(there.parts), place.rpartition("/")[2], place))
    return best[2] if best else None


def _by_name(root: Path, folder: SampleFolder) -> str | None:
    """Return the newest run whose experiment is called like the folder."""
    name = layout.fit_name(folder.path.resolve().name)
    places = [
        place
        for place in find.all_runs(root)
        if place.split("/")[1] == name and not _is_of_another_folder(root / place, folder)
    ]
    return max(places, key=lambda place: place.rpartition("/")[2], default=None)


def _is_of_another_folder(run: Path, folder: SampleFolder) -> bool:
    """Return whether an import made a run for a folder of the same name elsewhere."""
    config = layout.read_json(run / layout.CONFIG)[0]
    return "framework" in config and config.get("folder") not in (None, str(folder.path.resolve()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)


def _experiment(folder: SampleFolder) -> Experiment:
    path = folder.path.resolve()
    times = [source.path.stat().st_mtime for source in folder.sources()]
    status, reason = open_ended(max(times))
    return Experiment(
        origin=f"{folder.framework}:{path}",
        project=path.parent.name or folder.framework,
        name=path.name or folder.framework,
        started=min(times),
        ended=max(times),
        is_dated=False,
        status=status if status == layout.RUNNING else layout.FINISHED,
        reason=reason if status == layout.RUNNING else "",
        config={"framework": folder.framework, "folder": str(path)},
        tags=(folder.framework,),
        fingerprint=f"{max(times)}",
    )


def _notes(folder: SampleFolder) -> list[str]:
    return list(dict.fromkeys(source.note for source in folder.sources() if source.note))
