"""Write one experiment of another tracker as a run folder.

The folder is complete on disk before one rename places it in the store.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from runicorn import _platform, regular_file
from runicorn._version import __version__
from runicorn.artifacts import names
from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.artifacts.records import record_created
from runicorn.artifacts.store import Store, Version
from runicorn.compat.artifacts import alias_of, set_aliases
from runicorn.media import images
from runicorn.settings import free_space
from runicorn.store import bulk_io, curation, layout, values
from runicorn.store.containment import check_inside
from runicorn.store.file_checksums import GrowingChecksum, extent
from runicorn.store.flatten import flatten
from runicorn.store.journal import encode
from runicorn.store.notices import Notices
from runicorn_importers.experiment import Entry, Experiment, Files, Media, Point, Tally
from runicorn_importers.writing.sample_sets import OWNED, SampleSets, keep_other_samples, owned_chunks

ORIGIN = "imported_from"
STATE = "imported_state"
"""Field of `meta.json`: the fingerprint of the source at the time of the import."""
BUFFER = 1 << 20
_NOT_IN_ARTIFACTS = re.compile(r'[/\\:*?"<>|]')
_OURS = layout.OF_THE_LIBRARY | layout.GROWING


class RunWriter:
    """Write one experiment into a staging folder, then move it into the store.

    Args:
        folder: an unused path in a staging folder of the store.
        place: the run folder, relative to the root.
        facts: more fields of `meta.json`.
    """

    def __init__(
        self, root: Path, experiment: Experiment, folder: Path, place: str, facts: Mapping[str, Any]
    ) -> None:
        self.root, self.experiment, self.folder, self.place = root, experiment, folder, place
        self.facts = facts
        self.project, self.name, _, self.run_id = place.split("/")
        self.records = 0
        self.versions: list[str] = []
        self.tally = Tally()
        self.media: dict[str, int] = {}
        self._first: float | None = None
        self._last: float | None = None
        self._notices = Notices()
        self._sample_sets: SampleSets | None = None
        self._space = free_space.ReserveCheck(self.folder)

    def write(self) -> None:
        """Write all files of the run and its artifacts, and place the folder.

        An existing run is replaced atomically; files that other programs wrote into its folder are kept.
        """
        (self.folder / layout.MEDIA).mkdir(parents=True)
        target = check_inside(self.root, self.root / self.place)
        keep_other_samples(target, self.folder)
        self._write_journal()
        self._write_log()
        self.write_small_files()
        if not bulk_io.sync_filesystem(self.folder):
            for path in self.folder.rglob("*"):
                if path.is_file():
                    bulk_io.sync_file(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            self._keep_others(target)
            bulk_io.exchange(self.folder, target)
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.folder.rename(target)
        _platform.fsync_directory(target.parent)
        curation.stir(target)

    def _keep_others(self, target: Path) -> None:
        """Copy the files of the previous run that imports do not write, such as `curation.json`."""
        for path in target.iterdir():
            if path.name not in _OURS and path.is_file() and not path.is_symlink():
                with suppress(FileNotFoundError):
                    shutil.copy2(path, self.folder / path.name)

    def _write_journal(self) -> None:
        with (self.folder / layout.EVENTS).open("wb", BUFFER) as journal:
            for entry in self.entries():
                self.append(entry, journal)
                self.add_samples(entry)
        self.close_samples()

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of the experiment, and count what they have."""
        for entry in self.experiment.entries():
            if isinstance(entry, Media):
                self.media[entry.key] = self.media.get(entry.key, 0) + 1
            else:
                for name, value in entry.values.items():
                    self.tally.add(name, value)
            yield entry

    def append(self, entry: Entry, journal: IO[bytes]) -> None:
        """Append the record of an entry to a journal, and store its file."""
        moment = self.moment(entry.time)
        line = self._media(entry, moment) if isinstance(entry, Media) else self.line(entry, moment)
        self._space.require(len(line))
        journal.write(line)
        self.records += 1

    def add_samples(self, entry: Entry) -> None:
        """Store the samples of an entry unless they are there; call it for all entries, in order."""
        if isinstance(entry, Media) and entry.samples:
            if self._sample_sets is None:
                self._sample_sets = SampleSets(self.root, self.folder)
            self._sample_sets.add(entry.key, entry.samples)

    def close_samples(self) -> None:
        """Sync the samples to disk."""
        if self._sample_sets is not None:
            self._sample_sets.close()

    def line(self, point: Point, moment: float) -> bytes:
        if point.kind == "system":
            return encode("system", {**self._values(point), "time": moment}, moment)
        about = {"global_step": point.step, "time": moment}
        return encode("metrics", {**self._values(point), **about}, moment)

    def moment(self, time: float | None) -> float:
        """Return the time of a record; without one, that of the previous record."""
        moment = time if time is not None else self._last or self.experiment.started or 0.0
        if self._first is None:
            self._first = moment
        self._last = max(moment, self._last or moment)
        return moment

    def name_of(self, name: str) -> str:
        """Return the name under which a metric is stored."""
        return f"{self.experiment.tracker}/{name}" if name in layout.RESERVED_METRICS else name

    def _values(self, point: Point) -> dict[str, Any]:
        renamed = {self.name_of(name): value for name, value in point.values.items()}
        return values.metrics(renamed, self._notices)

    def _media(self, media: Media, moment: float) -> bytes:
        name = images.file_name(media.key, media.suffix)
        content = (
            media.content if isinstance(media.content, bytes) else regular_file.read_bytes(media.content)
        )
        self._space.require(len(content))
        (self.folder / layout.MEDIA / name).write_bytes(content)
        data = {"key": media.key, "path": f"{layout.MEDIA}/{name}", "step": media.step}
        caption = {"caption": media.caption or None} if media.kind == "image" else {}
        return encode(media.kind, {**data, **images.describe(content), **caption}, moment)

    def _write_log(self) -> None:
        with (self.folder / layout.LOGS).open("w", encoding="utf-8", errors="replace") as log:
            for line in self.experiment.lines():
                self._space.require(len(line))
                log.write(line.rstrip("\r\n") + "\n")

    def write_small_files(self) -> None:
        """Write meta, status, config and summary, and store the artifacts."""
        source = self.experiment
        began = source.started if source.started is not None else self._first or 0.0
        about = {"id": self.run_id, "project": self.project, "name": self.name, "created_at": began}
        labels = {"tags": list(source.tags), "notes": source.notes, "group": source.group}
        host = {"hostname": source.host} if source.host else {}
        origin_fields = {**host, ORIGIN: source.origin, "imported_with": __version__, **self.facts}
        owned = self._sample_sets.owned if self._sample_sets else owned_chunks(self.folder)
        samples = {OWNED: owned} if owned else {}
        layout.write_json(self.folder / layout.META, {**about, **labels, **origin_fields, **samples})
        state: dict[str, Any] = {"status": source.status, "started_at": began}
        if source.status != layout.RUNNING:
            state["ended_at"] = source.ended if source.ended is not None else self._last or began
            state |= extent(*(GrowingChecksum(self.folder / name) for name in (layout.EVENTS, layout.LOGS)))
        reason = {"exit_reason": source.reason} if source.reason else {}
        layout.write_json(self.folder / layout.STATUS, {**state, **reason})
        if source.config:
            layout.write_json(self.folder / layout.CONFIG, values.finite(flatten(source.config)))
        if source.summary:
            layout.write_json(self.folder / layout.SUMMARY, flatten(source.summary))
        for files in source.files:
            self._store_artifact(files)

    def _store_artifact(self, files: Files) -> None:
        origin = f"{self.experiment.origin}#{files.name}"
        store = Store(self.root)
        name = layout.CONTROL.sub("", _NOT_IN_ARTIFACTS.sub("-", files.name)).strip(" .")[:128] or "files"
        version = _stored_version(store, files, name, origin)
        if version is None:
            about = {**files.metadata, ORIGIN: origin}
            artifact, added = Artifact(name, files.type, files.description, about), 0
            for path, source in sorted(files.paths.items()):
                try:
                    artifact.add_file(source, names.check_path(path))
                    added += 1
                except (InvalidArtifact, FileNotFoundError) as error:
                    self.experiment.omissions.append(f"the file {path!r} was not imported: {error}")
            for path, address in sorted(files.references.items()):
                try:
                    artifact.add_reference(address, name=path)
                    added += 1
                except InvalidArtifact as error:
                    self.experiment.omissions.append(f"the reference {path!r} was not imported: {error}")
            if not added:
                return
            free_space.require(self.root, sum(max(size_of(source), 0) for source in files.paths.values()))
            version = artifact.log_to(store, self.run_id)
            self.versions.append(str(version))
            set_aliases(version, (alias for alias in files.aliases if not _is_of_user(version, alias)))
        record_created(self.folder, version)


def _is_of_user(version: Version, alias: str) -> bool:
    """Return whether an alias names a version of the artifact that no import made: it stays there."""
    number = version.artifact.aliases().get(alias_of(alias))
    return number is not None and ORIGIN not in version.artifact.version(number).metadata.metadata


def _stored_version(store: Store, files: Files, name: str, origin: str) -> Version | None:
    """Return the version that an earlier or interrupted import created from these files."""
    folder = store.folder(files.type, name)
    expected = {(path, size_of(source)) for path, source in files.paths.items()}
    for number in reversed(folder.live()):
        version = folder.version(number)
        if version.metadata.metadata.get(ORIGIN) == origin and expected >= {
            (file.path, file.size) for file in version.manifest.files
        }:
            return version
    return None


def size_of(path: Path) -> int:
    """Return the size of a file, -1 for one that is missing."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
