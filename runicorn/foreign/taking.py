"""Making runs of what the readers tell. A run is written in a folder beside the others and gets its place by one renaming.

Its id is made of the time it began and a hash of where it comes from, and `meta.json` says where that is (`imported_from`): whoever
imports the same once more finds it there.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import _bulk, _os, curation, layout, media, stored, values
from runicorn._version import __version__
from runicorn.artifacts import names
from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.artifacts.records import made
from runicorn.artifacts.store import Store, Version
from runicorn.config import flatten
from runicorn.exchange.staging import staging
from runicorn.foreign.experiment import Experiment, Files, Image, Point
from runicorn.journal import encode
from runicorn.notices import Notices

ORIGIN = "imported_from"
BUFFER = 1 << 20
_NOT_IN_NAMES = re.compile(r"[/\\]|\.\.+")
_NOT_IN_ARTIFACTS = re.compile(r'[/\\:*?"<>|]')


@dataclass
class Taken:
    """What became, or would become, of experiments.

    Attributes:
        runs: folders of new runs, relative to the root.
        there: folders of those that were in the store already.
        points: how many records the new runs have.
        versions: new versions of artifacts.
        left: what was not taken over, each once, with what it belongs to.
    """

    runs: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    points: int = 0
    versions: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def take(root: Path, experiments: Iterable[Experiment], *, project: str = "", dry_run: bool = False) -> Taken:
    """Write experiments as runs of a store; what is there already is left as it is.

    Args:
        root: the storage root.
        experiments: as a reader tells them.
        project: puts all of them into this project instead of their own.
        dry_run: only tell what would be new; nothing of what was logged is read.

    Raises:
        runicorn.layout.InvalidName: `project` cannot be one.
        OSError: something cannot be read or written; the runs that were written before it are whole.
        ArtifactError: a version could not be stored.
    """
    if project:
        layout.check_name(project, "project")
    taken = Taken()
    with staging(root) as folder, _os.file_lock(curation.private_folder(root) / "import.lock"):
        for number, experiment in enumerate(experiments):
            place = _place(root, experiment, project)
            if (root / place).exists():
                taken.there.append(place)
                continue
            taken.runs.append(place)
            if not dry_run:
                _Writing(root, experiment, folder / str(number), place, taken).run()
    return taken


def _place(root: Path, experiment: Experiment, project: str) -> str:
    """Where the run is, or is to be; relative to the root."""
    salt = 0
    while True:
        run_id = _id(experiment, salt)
        for known in stored.find(root, run_id):
            if layout.read_json(root / known / layout.META)[0].get(ORIGIN) == experiment.origin:
                return known
        if not stored.find(root, run_id):
            names = project or fit(experiment.project), fit(experiment.name)
            return str(layout.run_folder(Path(), *names, run_id))
        salt += 1  # another run of the same second and the same hash


def _id(experiment: Experiment, salt: int) -> str:
    digest = hashlib.sha256(f"{experiment.origin}\n{salt or ''}".encode("utf-8", "surrogatepass")).hexdigest()
    began = time.gmtime(min(max(experiment.started or 0.0, 0.0), 253402300799.0))
    return f"{time.strftime('%Y%m%d_%H%M%S', began)}_{digest[:6]}"


def fit(name: str, fallback: str = "imported") -> str:
    """A name as a project or experiment of a store can have it: what cannot be in one is replaced."""
    text = layout.CONTROL.sub("", _NOT_IN_NAMES.sub("-", name)).lstrip(". ").rstrip()[: layout.NAME_LENGTH]
    text = text.encode()[: layout.NAME_BYTES].decode("utf-8", "ignore") or fallback
    return f"{text}_" if text in layout.SKIPPED_TOP else text


class _Writing:
    """One experiment on its way into the store."""

    def __init__(self, root: Path, experiment: Experiment, folder: Path, place: str, taken: Taken) -> None:
        self.root, self.experiment, self.folder, self.taken = root, experiment, folder, taken
        self.place = place
        self.project, self.name, _, self.run_id = place.split("/")
        self.first: float | None = None
        self.last: float | None = None
        self.notices = Notices()

    def run(self) -> None:
        """Write all of it, store its artifacts, and put it into its place."""
        (self.folder / layout.MEDIA).mkdir(parents=True)
        self._journal()
        self._log()
        self._small_files()
        for files in self.experiment.files:
            self._artifact(files)
        self.taken.left += [f"{self.place}: {sentence}" for sentence in dict.fromkeys(self.experiment.left)]
        if not _bulk.sync_filesystem(self.folder):
            for path in self.folder.rglob("*"):
                if path.is_file():
                    _bulk.sync_file(path)
        target = self.root / self.place
        target.parent.mkdir(parents=True, exist_ok=True)
        self.folder.rename(target)
        _os.fsync_directory(target.parent)
        curation.stir(target)

    def _journal(self) -> None:
        with (self.folder / layout.EVENTS).open("wb", BUFFER) as journal:
            for entry in self.experiment.entries():
                moment = self._moment(entry.time)
                if isinstance(entry, Image):
                    line = self._image(entry, moment)
                elif entry.kind == "system":
                    line = encode("system", {**self._values(entry), "time": moment}, moment)
                else:
                    about = {"global_step": entry.step, "time": moment}
                    line = encode("metrics", {**self._values(entry), **about}, moment)
                journal.write(line)
                self.taken.points += 1

    def _moment(self, told: float | None) -> float:
        """The time of a record; without one that of the record before."""
        moment = told if told is not None else self.last or self.experiment.started or 0.0
        if self.first is None:
            self.first = moment
        self.last = max(moment, self.last or moment)
        return moment

    def _values(self, point: Point) -> dict[str, Any]:
        tracker = self.experiment.origin.partition(":")[0]
        renamed = {
            f"{tracker}/{name}" if name in layout.RESERVED_METRICS else name: value
            for name, value in point.values.items()
        }
        return values.metrics(renamed, self.notices)

    def _image(self, image: Image, moment: float) -> bytes:
        name = media.file_name(image.key, image.suffix)
        content = image.content if isinstance(image.content, bytes) else image.content.read_bytes()
        (self.folder / layout.MEDIA / name).write_bytes(content)
        about = {"key": image.key, "path": f"{layout.MEDIA}/{name}", "step": image.step}
        return encode("image", {**about, "caption": image.caption or None}, moment)

    def _log(self) -> None:
        with (self.folder / layout.LOGS).open("w", encoding="utf-8", errors="replace") as log:
            for line in self.experiment.lines():
                log.write(line.rstrip("\r\n") + "\n")

    def _small_files(self) -> None:
        told = self.experiment
        began = told.started if told.started is not None else self.first or 0.0
        ended = told.ended if told.ended is not None else self.last or began
        about = {"id": self.run_id, "project": self.project, "name": self.name, "created_at": began}
        labels = {"tags": list(told.tags), "notes": told.notes, "group": told.group}
        host = {"hostname": told.host} if told.host else {}
        known = {**host, ORIGIN: told.origin, "imported_with": __version__}
        layout.write_json(self.folder / layout.META, {**about, **labels, **known})
        state = {"status": told.status, "started_at": began, "ended_at": ended}
        reason = {"exit_reason": told.reason} if told.reason else {}
        layout.write_json(self.folder / layout.STATUS, {**state, **reason})
        for file, content in ((layout.CONFIG, told.config), (layout.SUMMARY, told.summary)):
            if content:
                layout.write_json(self.folder / file, flatten(content))

    def _artifact(self, files: Files) -> None:
        origin = f"{self.experiment.origin}#{files.name}"
        store = Store(self.root)
        name = layout.CONTROL.sub("", _NOT_IN_ARTIFACTS.sub("-", files.name)).strip(" .")[:128] or "files"
        version = self._stored(store, files.type, name, origin)
        if version is None:
            artifact, added = Artifact(name, files.type, metadata={ORIGIN: origin}), 0
            for path, source in sorted(files.paths.items()):
                try:
                    artifact.add_file(source, names.check_path(path))
                    added += 1
                except (InvalidArtifact, FileNotFoundError) as error:
                    self.experiment.left.append(f"the file {path!r} was not taken: {error}")
            if not added:
                return
            version = artifact.log_to(store, self.run_id)
            self.taken.versions.append(str(version))
        made(self.folder, version)

    @staticmethod
    def _stored(store: Store, type: str, name: str, origin: str) -> Version | None:
        """The version that an import which did not come to its end has made of these files."""
        folder = store.folder(type, name)
        for number in folder.live():
            version = folder.version(number)
            if version.metadata.metadata.get(ORIGIN) == origin:
                return version
        return None
