"""Permanent removal of run folders, keeping files of other programs.

A folder is removed as a whole if its `meta.json` names the run and it contains no other run. In any other folder only
files written by Runicorn are removed.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from runicorn.store import find, layout
from runicorn.store.samples.names import is_chunk_file

# Files of 0.4-0.7 and of the SDK beside those of `layout`: locks, temporary files, and the assets of 0.6.
_KNOWN = re.compile(
    r"(events\.jsonl|logs\.txt|(summary|status|assets)\.json|\.outputs_state\.json)\.lock|\.artifacts\.lock"
)
_OUTPUTS = ".outputs_state.json"
_MEDIA = re.compile(r"[0-9]{13}_[0-9a-f]{6}_.*", re.DOTALL)
# Without these a folder is not a run, so they are removed last; the marker keeps it in the recycle bin until then.
_LAST = (layout.EVENTS, layout.STATUS, layout.META, layout.DELETED)


def is_own_folder(folder: Path) -> bool:
    """Return whether the whole folder belongs to the run: it names it, and contains no other run."""
    about, problem = layout.read_json(folder / layout.META)
    return not problem and about.get("id") == folder.name and not contains_run(folder)


def contains_run(folder: Path) -> bool:
    """Return whether there is a run below a folder at any depth; assumed if a folder cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            inner = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return True
    return any(_is_another_run(path) or contains_run(path) for path in inner)


def _is_another_run(folder: Path) -> bool:
    """Return whether a folder within a run is a run: `meta.json` alone is also written by other programs."""
    if not find.is_run(folder):
        return False
    if layout.is_run_id(folder.name) or sum((folder / mark).is_file() for mark in layout.MARKS) > 1:
        return True
    return layout.read_json(folder / layout.META)[0].get("id") == folder.name


def is_replaceable(folder: Path) -> bool:
    """Return whether the folder can be replaced without losing other files."""
    if is_own_folder(folder):
        return True
    return not contains_run(folder) and all(_is_known(path, folder) for path in _files(folder))


def remove_own_files(folder: Path) -> None:
    """Remove the files of the run from a folder with other content, and the folder if it is empty."""
    about, problem = layout.read_json(folder / layout.META)
    if not problem and about.get("id") == folder.name:
        _remove_all_but_runs(folder)
    else:
        for path in _files(folder):
            if _is_known(path, folder) and path.name not in _LAST:
                path.unlink()
        for place in (*(folder / layout.SAMPLES).glob("*"), folder / layout.SAMPLES, folder / layout.MEDIA):
            with suppress(OSError):  # files of others are in it
                place.rmdir()
    for name in _LAST:
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _remove_all_but_runs(folder: Path) -> None:
    with os.scandir(folder) as entries:
        children = list(entries)
    for entry in children:
        path = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False):
            if path.name not in _LAST:
                path.unlink()
        elif not (_is_another_run(path) or contains_run(path)):
            shutil.rmtree(path)


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder, including links to folders."""
    paths = []
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        paths += [Path(place, name) for name in (*names, *links)]
    return paths


def _is_known(path: Path, folder: Path) -> bool:
    """Return whether a file in a run's folder is one that Runicorn writes."""
    if path.parent == folder / layout.MEDIA:
        return _MEDIA.fullmatch(path.name) is not None
    if path.parent.parent == folder / layout.SAMPLES:
        return is_chunk_file(path.name) or path.name.endswith(".tmp")
    if path.parent != folder:
        return False
    name = path.name
    return name in layout.SMALL | layout.GROWING | {_OUTPUTS} or _KNOWN.fullmatch(name) is not None
