"""Comparison of an imported run with its source, stored as `import_report.json` of the run.

The stored side is read back from the journal. The source side is what the reader yielded and, where the tracker's files can
be read in a second way (`Experiment.check`), what that independent pass counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.store import layout
from runicorn.store.units import number_of
from runicorn.store.values import finite
from runicorn_importers.experiment import Series, Tally
from runicorn_importers.writing.run_writer import RunWriter, size_of

FORMAT = "runicorn.import_report/1"


@dataclass
class Comparison:
    """Result for one run.

    Attributes:
        series: statistics of the stored metrics, by name.
        media: number of stored files, by key.
        is_independent: whether a second pass over the source was compared too.
        differences: a message for each series or key that is not equal.
    """

    series: Mapping[str, Series]
    media: Mapping[str, int]
    is_independent: bool
    differences: list[str] = field(default_factory=list)

    @property
    def points(self) -> int:
        """Return the number of stored values."""
        return sum(series.points for series in self.series.values())

    def to_dict(self, source: str) -> dict[str, Any]:
        """Return the content of the report; NaN and infinities are strings."""
        return {
            "format": FORMAT,
            "source": source,
            "compared_at": time.time(),
            "compared_with": ["reader", "source"] if self.is_independent else ["reader"],
            "equal": not self.differences,
            "differences": self.differences,
            "points": self.points,
            "series": {name: _to_dict(series) for name, series in sorted(self.series.items())},
            "media": dict(sorted(self.media.items())),
        }


def compare(writer: RunWriter) -> Comparison:
    """Compare the run of a writer, which has yielded all entries, with its source; write the report.

    Raises:
        OSError, ValueError, …: the run or its source cannot be read.
    """
    experiment, run = writer.experiment, writer.root / writer.place
    series, media = _stored(run)
    check = experiment.check
    comparison = Comparison(series, media, check is not None)
    reader_series = {writer.name_of(name): statistics for name, statistics in writer.tally.series().items()}
    comparison.differences += _differences("the reader", reader_series, series)
    if check is not None:
        counted = {writer.name_of(name): statistics for name, statistics in check().items()}
        if not (experiment.status == layout.RUNNING and _has_grown(counted, series)):
            comparison.differences += _differences("the source", counted, series)
    for key in sorted(writer.media.keys() | media.keys()):
        if writer.media.get(key, 0) != media.get(key, 0):
            comparison.differences.append(
                f"{key!r}: {number_of(writer.media.get(key, 0), 'file')} in the source, {media.get(key, 0)} stored"
            )
    layout.write_json(run / layout.IMPORT_REPORT, comparison.to_dict(experiment.origin))
    return comparison


def _stored(run: Path) -> tuple[dict[str, Series], dict[str, int]]:
    """Return the statistics of a journal, and the number of media files that are there with their recorded size."""
    tally, media = Tally(), dict[str, int]()
    with regular_file.open_binary(run / layout.EVENTS) as journal:
        for line in journal:
            event = json.loads(line)
            data = event["data"]
            if event["type"] in ("metrics", "system"):
                for name, value in data.items():
                    if name not in layout.RESERVED_METRICS:
                        tally.add(name, value)
            elif size_of(run / data["path"]) == data.get("size"):
                media[data["key"]] = media.get(data["key"], 0) + 1
    return tally.series(), media


def _has_grown(source: Mapping[str, Series], target: Mapping[str, Series]) -> bool:
    """Return whether all that is stored is in the source, which had more when it was read again."""
    return all(name in source and source[name].points >= series.points for name, series in target.items())


def _differences(side: str, expected: Mapping[str, Series], actual: Mapping[str, Series]) -> Iterable[str]:
    for name in sorted(expected.keys() | actual.keys()):
        series, other = expected.get(name), actual.get(name)
        if series is None or not series.equals(other):
            yield f"{name!r}: {_words(series)} by {side}, {_words(other)} stored"


def _words(series: Series | None) -> str:
    if series is None:
        return "nothing"
    return f"{number_of(series.points, 'point')} (lowest {series.low}, highest {series.high}, last {series.last})"


def _to_dict(series: Series) -> dict[str, Any]:
    return {name: finite(value) for name, value in series._asdict().items()}
