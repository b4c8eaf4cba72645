"""Media of a run for its page, by kind and key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NotRequired, TypedDict
from urllib.parse import quote

from django.utils.translation import gettext

from runicorn_site.web.addresses import site_address
from runs.errors import NoSuchFile
from runs.index import run_files
from runs.index.media_index import catch_up
from runs.models import Run, RunMedia
from runs.pages.media import histograms as histogram_files
from runs.pages.media import tables
from runs.pages.media.kinds import DOCUMENTS, FILES, TABLES, TITLES, kind_of

NEWEST = 20
"""Images per key in the page itself, for browsers without scripts."""
KEYS = 50
PLACES = {TABLES: "table", DOCUMENTS: "document", FILES: "preview"}
"""Last part of the URLs that show a file of these kinds; the others are shown as they are."""
LARGEST_TABLE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaItem:
    """A media file: its run, kind, key, path, step and caption."""

    run_id: str
    kind: str
    key: str
    path: str
    step: int | None
    caption: str

    @property
    def words(self) -> str:
        """Key, step and caption in one line."""
        step = "" if self.step is None else gettext("step %(step)s") % {"step": f"{self.step:,}"}
        return ", ".join(part for part in (self.key, step, self.caption) if part)

    @property
    def address(self) -> str:
        """URL of what the page shows."""
        return self._address(PLACES.get(self.kind, "media"))

    @property
    def file(self) -> str:
        return self._address("media")

    def _address(self, place: str) -> str:
        return site_address(f"/runs/{quote(self.run_id)}/{place}/{quote(self.path)}")

    def to_dict(self) -> MediumEntry:
        """Return the file as JSON for scripts."""
        entry = MediumEntry(
            kind=self.kind, key=self.key, address=self.address, step=self.step, caption=self.caption
        )
        if self.kind in PLACES:
            entry["file"] = self.file
        return entry


class MediumEntry(TypedDict):
    kind: str
    key: str
    address: str
    step: int | None
    caption: str
    file: NotRequired[str]
    """URL of the file itself, if another one shows it."""


class MediaAfter(TypedDict):
    """The media that a page lacks, and the arguments of its next request."""

    mark: str
    last: int
    again: bool
    media: list[MediumEntry]


def media_after(run: Run, last: int, mark: str) -> MediaAfter:
    """Return the media that a page lacks.

    Args:
        last: from the previous response; 0 for all media.
        mark: from the previous response. If the journal was replaced since, all media are returned with `again` true.
    """
    catch_up(run)
    now = Run.objects.values_list("media_mark", flat=True).get(pk=run.pk)
    again = bool(last) and mark != now
    rows = _rows(run, 0 if again else last)
    entries = [medium.to_dict() for _, medium in rows]
    return {"mark": now, "last": rows[-1][0] if rows else last, "again": again, "media": entries}


class KindOverview(TypedDict):
    """Number of media of one kind, and the newest of each key."""

    title: str
    count: int
    keys: list[tuple[str, list[MediaItem]]]


def overview(run: Run) -> dict[str, KindOverview]:
    """Return the media in the page itself by kind."""
    catch_up(run)
    rows = _rows(run, 0)
    counts = Counter(medium.kind for _, medium in rows)
    by_key: dict[str, dict[str, list[MediaItem]]] = {kind: {} for kind in TITLES}
    for _, medium in rows:
        by_key[medium.kind].setdefault(medium.key, []).append(medium)
    return {
        kind: {
            "title": str(TITLES[kind]),
            "count": counts[kind],
            "keys": [(key, some[-NEWEST:]) for key, some in list(keys.items())[:KEYS]],
        }
        for kind, keys in by_key.items()
    }


def _rows(run: Run, after: int) -> list[tuple[int, MediaItem]]:
    media = RunMedia.objects.filter(run=run, pk__gt=after).order_by("pk")
    names = media.values_list("pk", "key", "path", "step", "caption")
    return [
        (pk, MediaItem(run.run_id, kind_of(path), key, path, step, caption or ""))
        for pk, key, path, step, caption in names
    ]


def table(run: Run, path: str) -> tables.Table:
    """Return the table in a file of a run.

    Raises:
        NoSuchFile: the file does not exist, or contains no table.
    """
    if kind_of(path) != TABLES:
        raise NoSuchFile("Run {run_id} has no table {path}", run_id=run.run_id, path=path[:200])
    try:
        return tables.Table.read(run_files.read_media(run, path, LARGEST_TABLE))
    except ValueError as error:
        raise NoSuchFile("This file does not contain a table.") from error


class StepHistogram(histogram_files.Histogram):
    step: int | None


class HistogramSeries(TypedDict):
    """The histograms of one key over steps, downsampled if there are many."""

    total: int
    unreadable: int
    items: list[StepHistogram]


def histograms(run: Run, key: str) -> HistogramSeries:
    catch_up(run)
    suffix = histogram_files.SUFFIX
    paths = RunMedia.objects.filter(run=run, key=key, path__endswith=suffix).order_by("pk")
    entries: list[tuple[str, int | None]] = list(paths.values_list("path", "step"))
    sample = histogram_files.downsampled(entries)
    items = list(_readable(run, sample))
    return {"total": len(entries), "unreadable": len(sample) - len(items), "items": items}


def _readable(run: Run, entries: Iterable[tuple[str, int | None]]) -> Iterable[StepHistogram]:
    for path, step in entries:
        try:
            yield {
                "step": step,
                **histogram_files.read(run_files.read_media(run, path, histogram_files.LARGEST)),
            }
        except (ValueError, NoSuchFile):
            continue
