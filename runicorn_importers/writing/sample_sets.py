"""Write the samples in the tables and traces of an imported run, each once, however often the run is imported.

`meta.json` names the chunks that the import owns (`imported_samples`) before a row is in them; other chunks of the same set belong to
`log_samples` or to a folder of a framework. A repeated import yields all samples again, in order: as many as the chunks have are
skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from runicorn.store import layout
from runicorn.store.samples.names import NAME_LENGTH, Chunk, samples_folder
from runicorn.store.samples.reader import OpenChunk
from runicorn.store.samples.writer import SampleWriter
from runicorn_importers.sample_rows.row import SampleRow
from runicorn_importers.sample_rows.tables import unrepeated

OWNED = "imported_samples"
"""Field of `meta.json`: numbers of chunks by the name of their sample set."""


class SampleSets:
    """The sample sets that one import writes into a run.

    Args:
        root: the storage root.
        folder: the folder of the run, which may be in a staging folder.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self.owned = owned_chunks(folder)
        self._writers: dict[str, SampleWriter] = {}
        self._skipped: dict[str, int] = {}
        self._before: dict[str, Sequence[SampleRow]] = {}

    def add(self, key: str, rows: Sequence[SampleRow]) -> None:
        """Append the new samples of a table or trace.

        Raises:
            OSError: they could not be written; what was written before is complete.
        """
        new = unrepeated(rows, self._before.get(key, ()))
        self._before[key] = rows
        if not new:
            return
        name = layout.CONTROL.sub("", key).strip()[:NAME_LENGTH] or "samples"
        writer = self._writer(name)
        skipped = min(len(new), self._skipped[name])
        self._skipped[name] -= skipped
        for (step, time), group in groupby(new[skipped:], key=lambda row: (row.step, row.time)):
            writer.append([row.data for row in group], step, time)

    def close(self) -> None:
        """Sync all samples to disk."""
        for writer in self._writers.values():
            writer.sync()
            writer.close(seal_last=False)

    def _writer(self, name: str) -> SampleWriter:
        if name not in self._writers:
            numbers = self.owned.get(name, [])
            folder = samples_folder(self._folder, name)
            self._skipped[name] = sum(_rows(Chunk(number, folder)) for number in numbers)
            self._writers[name] = SampleWriter(
                self._folder,
                name,
                root=self._root,
                chunk=numbers[-1] if numbers else None,
                on_chunk=lambda number: self._own(name, number),
            )
        return self._writers[name]

    def _own(self, name: str, number: int) -> None:
        """Record a chunk as one of the import."""
        if number in self.owned.get(name, ()):
            return
        self.owned.setdefault(name, []).append(number)
        meta = self._folder / layout.META
        if meta.exists():
            layout.write_json(meta, {**layout.read_json(meta)[0], OWNED: self.owned})


def owned_chunks(folder: Path) -> dict[str, list[int]]:
    """Return the numbers of the chunks of a run that imports wrote."""
    meta = folder / layout.META
    value: Any = layout.read_json(meta)[0].get(OWNED) if meta.exists() else None
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name): [number for number in numbers if isinstance(number, int)]
        for name, numbers in value.items()
        if isinstance(numbers, list)
    }


def keep_other_samples(source: Path, target: Path) -> None:
    """Link the samples of a run into the folder that replaces it, except those that imports wrote."""
    owned = {
        path
        for name, numbers in owned_chunks(source).items()
        for number in numbers
        for chunk in (Chunk(number, samples_folder(source, name)),)
        for path in (chunk.plain, chunk.sealed, chunk.index)
    }

    def ours(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) in owned]

    if (source / layout.SAMPLES).is_dir():
        shutil.copytree(source / layout.SAMPLES, target / layout.SAMPLES, copy_function=os.link, ignore=ours)


def _rows(chunk: Chunk) -> int:
    try:
        with OpenChunk(chunk) as file:
            return sum(bool(line.content) for line in file.lines())
    except FileNotFoundError:
        return 0
