"""Storage of the sources of a program when a run begins. Runs beside the training, never in it.

A file that has not changed since an earlier run of the same folder is recognised by its `stat` result and not read
again. Secrets are masked as in the environment; files that contain only keys are left out.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from runicorn import _platform
from runicorn.artifacts.pool import Intake, Pool
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.redaction import Masking
from runicorn.capture.sources import cells, listing, pack, record
from runicorn.capture.sources.listing import Candidate, Listing
from runicorn.capture.sources.output_files import ENDING, OutputFiles
from runicorn.capture.subprocesses import Commands
from runicorn.store import layout

FILE_LIMIT = 1024 * 1024
BINARY_LIMIT = 256 * 1024
TOTAL_LIMIT = 64 * 1024 * 1024
MOST_FILES = 10_000
LISTED = 200
"""Maximum number of left out files that are listed."""
MOST_PACKS = 12
LEAST_USE = 0.5
"""Part of the bytes of old packs that must be in use; below it all contents are written into one new pack."""
YOUNG = 0.5
"""Age in seconds below which a later change of a file may not change its time."""
CACHE = ".sources"
CACHE_CEILING = 64 * 1024 * 1024
OFF = frozenset({"0", "off", "no", "false"})


class _Content(NamedTuple):
    """A content to be stored, or the name of one that is stored.

    Attributes:
        stamp: size, times and inode of the file, by which it is recognised.
        content: the bytes, None if they are in the pool.
        code: name of the code of a notebook, without its outputs; "" for other files.
    """

    file: pack.File
    stamp: list[int]
    content: bytes | None = None
    code: str = ""


def keep(
    root: Path, run_dir: Path, start: ProgramStart, stopped: Callable[[], bool] = lambda: False
) -> dict[str, Any]:
    """Store the sources of a program as those of a run; return the content of `sources.json`.

    Args:
        root: the storage root.
        run_dir: the folder of the run.
        start: state of the program.
        stopped: returns true if the work is to be given up; no file is stored then, the result is empty, and
            `sources.json` says only when the work began, or has the sources of before the run was resumed.

    Raises:
        OSError: the storage cannot be written.
    """
    place = run_dir / layout.SOURCES_FILE
    # Those of a run that is resumed stay until the new ones are complete.
    has_earlier = bool(record.Sources(run_dir))
    if not has_earlier:
        layout.write_json(place, {record.BEGAN: time.time()})
    files = listing.list_sources(start, root, Commands())
    pool = record.pool_of(root)
    keeper = _Keeper(pool, files, start, stopped)
    with pool.in_use():
        about = keeper.stored()
        if stopped():
            return {}
        if not about:  # there are no files
            if not has_earlier:
                place.unlink(missing_ok=True)
            return {}
        for digest in about["packs"]:
            record.link(pool, run_dir, digest)
        keeper.add_run(run_dir)
    about |= _places(files, start, keeper.masking)
    layout.write_json(place, about)
    return about


def _places(files: Listing, start: ProgramStart, masking: Masking) -> dict[str, Any]:
    def relative(path: str) -> str:
        place = os.path.relpath(os.path.join(start.folder, path), files.root)
        return masking.text(path if place.startswith("..") else Path(place).as_posix())

    return {
        "root": masking.text(str(files.root)),
        "folder": relative(start.folder),
        "script": relative(start.script) if start.script else "",
        "commit": files.commit,
        "is_whole": files.is_whole,
        "captured_at": time.time(),
    }


class _Keeper:
    def __init__(self, pool: Pool, files: Listing, start: ProgramStart, stopped: Callable[[], bool]) -> None:
        self._pool, self._listing, self._stopped = pool, files, stopped
        self.masking = Masking(start.variables)
        self._cache_file = pool.path / CACHE / f"{pack.name_of(os.fsencode(files.root))}.json"
        self._skipped: list[dict[str, Any]] = []
        self._skips = 0
        self._began = time.time()
        cache = layout.read_json(self._cache_file, ceiling=CACHE_CEILING)[0]
        packs = record.packs_of(cache)
        is_usable = packs and all(pool.holds(digest, size) for digest, size in packs.items())
        self._cache: dict[str, Any] = cache if is_usable else {}
        self._known: dict[str, Any] = self._cache.get("files", {})
        runs = self._cache_file.with_suffix(ENDING)
        self._outputs = OutputFiles(pool.root, start, files.root, runs, cache)

    def add_run(self, run_dir: Path) -> None:
        """Add the run to those of this folder, by whose times later ones recognise outputs."""
        with suppress(OSError):  # an output may become a source
            self._outputs.add(run_dir)

    def stored(self) -> dict[str, Any]:
        """Store the contents that the pool lacks; return the description of the state, {} if stopped."""
        contents: list[_Content] = []
        total = 0
        for candidate in self._chosen():
            if self._stopped():
                return {}
            content = self._content(candidate)
            if content is None:
                continue
            total += content.file.size
            if total > TOTAL_LIMIT or len(contents) >= MOST_FILES:
                self._skip(candidate, "total")
                total -= content.file.size
                continue
            contents.append(content)
        self._find_packs(contents)
        files = [content.file for content in contents]
        identity = pack.identity(
            files, {content.file.path: content.code for content in contents if content.code}
        )
        if not files:
            return {}
        clean = {candidate.path for candidate in self._listing.files if candidate.is_clean}
        if self._cache and self._cache.get("identity") == identity:
            head, packs = self._cache["head"], record.packs_of(self._cache)
        else:
            head, packs = self._write(contents)
        self._remember(contents, identity, head, packs)
        return {
            "format": pack.FORMAT,
            "identity": identity,
            "head": head,
            "packs": packs,
            "files": len(files),
            "is_clean": {file.path for file in files} <= clean,
            "bytes": total,
            "masked": sorted(file.path for file in files if file.is_masked)[:LISTED],
            "skipped": self._skipped,
            "skipped_count": self._skips,
            "written": sorted(map(self.masking.text, self._outputs.times))[:LISTED],
            "written_count": len(self._outputs.times),
        }

    def _chosen(self) -> list[Candidate]:
        """Return the files within the limits, in the order in which they count towards the limit of a run."""
        chosen = []
        for candidate in self._listing.files:
            if self._outputs.has(candidate):
                continue
            if listing.is_secret(candidate.path):
                self._skip(candidate, "secret")
            elif candidate.about.st_size > FILE_LIMIT:
                self._skip(candidate, "size")
            else:
                chosen.append(candidate)
        if len(chosen) > MOST_FILES or sum(item.about.st_size for item in chosen) > TOTAL_LIMIT:
            # Those of the program first: small ones, and what git does not have.
            chosen.sort(key=lambda item: (item.is_clean, not item.path.endswith(".py"), item.about.st_size))
        return chosen

    def _skip(self, candidate: Candidate, reason: str) -> None:
        self._skips += 1
        if len(self._skipped) < LISTED:
            self._skipped.append(
                {
                    "path": self.masking.text(candidate.path),
                    "size": candidate.about.st_size,
                    "reason": reason,
                    "in_commit": candidate.is_clean,
                }
            )

    def _content(self, candidate: Candidate) -> _Content | None:
        about = candidate.about
        stamp = [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, about.st_mode]
        cached = self._known.get(candidate.path)
        if cached is not None and cached[0] == stamp:
            if cached[1] is None:
                self._skip(candidate, "binary")
                return None
            name, size, flags, digest, *code = cached[1]
            file = _marked(pack.File(candidate.path, name, size, flags, digest), candidate)
            return _Content(file, stamp, code=code[0] if code else "")
        if self._began - about.st_ctime < YOUNG:
            stamp = [*stamp, 0]  # read again by the next run
        return self._read(candidate, stamp)

    def _read(self, candidate: Candidate, stamp: list[int]) -> _Content | None:
        path, flags = self._listing.root / candidate.path, ""
        is_link = (candidate.about.st_mode & 0o170000) == 0o120000
        try:
            if is_link:
                content, flags = os.fsencode(os.readlink(path)), pack.LINK
                if os.path.isabs(content) or b".." in content.split(b"/"):
                    return None
            else:
                content = read_source(path)
        except OSError:
            self._skip(candidate, "unreadable")
            return None
        if not is_link and b"\0" in content[:8192]:
            if len(content) > BINARY_LIMIT:
                self._skip(candidate, "binary")
                self._known[candidate.path] = [stamp, None]
                return None
        elif not is_link:
            content, is_masked = self._masked(content)
            flags = pack.MASKED if is_masked else ""
        if candidate.about.st_mode & 0o100 and not is_link:
            flags += pack.EXECUTABLE
        file = pack.File(candidate.path, pack.name_of(content), len(content), flags, "")
        code = cells.code_of(content) if candidate.path.endswith(".ipynb") else None
        return _Content(_marked(file, candidate), stamp, content, pack.name_of(code) if code else "")

    def _masked(self, content: bytes) -> tuple[bytes, bool]:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")
            masked = self.masking.text(text)
            return (content, False) if masked == text else (masked.encode("latin-1", "replace"), True)
        masked = self.masking.text(text)
        return (content, False) if masked == text else (masked.encode(), True)

    def _find_packs(self, contents: list[_Content]) -> None:
        packs = {entry[1][0]: entry[1][3] for entry in self._known.values() if entry[1] is not None}
        for number, item in enumerate(contents):
            if not item.file.pack and item.file.name in packs:
                contents[number] = item._replace(file=item.file._replace(pack=packs[item.file.name]))

    def _write(self, contents: list[_Content]) -> tuple[str, dict[str, int]]:
        """Store a pack with the contents that no earlier pack has; return its digest, and all packs of the state."""
        self._keep_few_packs(contents)
        new = {item.file.name: self._bytes(item) for item in contents if not item.file.pack}
        content = pack.write([item.file for item in contents], new)
        digest = record.digest_of(content)
        with Intake(self._pool) as intake:
            intake.keep(content, f"sha256:{digest}")
            intake.settle()
        sizes = record.packs_of(self._cache)
        names = {item.file.pack for item in contents} - {""}
        packs = {digest: len(content), **{name: sizes[name] for name in sorted(names)}}
        for number, item in enumerate(contents):
            if not item.file.pack:
                contents[number] = item._replace(file=item.file._replace(pack=digest))
        return digest, packs

    def _keep_few_packs(self, contents: list[_Content]) -> None:
        """Mark contents of small or mostly unused packs as new."""
        sizes: dict[str, int] = {}
        for item in {item.file.name: item for item in contents if item.file.pack}.values():
            sizes[item.file.pack] = sizes.get(item.file.pack, 0) + item.file.size
        largest = max(sizes, key=lambda name: sizes[name], default="")
        packed = self._cache.get("packed", {})
        rewritten = {name for name, size in sizes.items() if size < LEAST_USE * packed.get(name, 0)}
        if len(sizes) >= MOST_PACKS:
            rewritten |= sizes.keys() - {largest}
        for number, item in enumerate(contents):
            if item.file.pack in rewritten:
                contents[number] = item._replace(file=item.file._replace(pack=""))

    def _bytes(self, item: _Content) -> bytes:
        if item.content is not None:
            return item.content
        source = self._known[item.file.path][1][3]
        with zipfile.ZipFile(self._pool.blob(source)) as archive:
            return pack.member(archive, item.file.name)

    def _remember(self, contents: list[_Content], identity: str, head: str, packs: dict[str, int]) -> None:
        files = {
            item.file.path: [item.stamp, [*item.file[1:], item.code] if item.code else [*item.file[1:]]]
            for item in contents
            if item.file.pack  # a notebook with other outputs is not stored again
        }
        paths = {candidate.path for candidate in self._listing.files}
        files |= {path: entry for path, entry in self._known.items() if entry[1] is None and path in paths}
        output_times = self._outputs.times
        if (
            head == self._cache.get("head")
            and files == self._known
            and output_times == self._cache.get("written")
        ):
            return
        packed = {name: size for name, size in self._cache.get("packed", {}).items() if name in packs}
        if head not in packed:
            packed[head] = sum(item.file.size for item in contents if item.file.pack == head)
        value = {
            "identity": identity,
            "head": head,
            "packs": packs,
            "packed": packed,
            "files": files,
            "written": output_times,
        }
        self._cache_file.parent.mkdir(exist_ok=True)
        content = json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogateescape")
        with suppress(OSError):  # the next run reads all files again
            _platform.replace_file(self._cache_file, content)


def read_source(path: Path) -> bytes:
    return _platform.read_regular(path, FILE_LIMIT + 1, follow_links=False)


def _marked(file: pack.File, candidate: Candidate) -> pack.File:
    """Return a masked file with the flag that says whether the commit has the original."""
    if not file.is_masked:
        return file
    flags = file.flags.replace(pack.CLEAN, "")
    return file._replace(flags=flags + pack.CLEAN if candidate.is_clean else flags)
