"""Files below a folder that is added to an artifact."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from runicorn.artifacts.manifest import Reference


class FolderContent(NamedTuple):
    """Content of a folder.

    Attributes:
        files: source files by prefix and relative path, with forward slashes.
        links: symbolic links out of the folder or to nothing, as references.
        others: paths that are neither files nor folders (pipes, sockets, devices).
    """

    files: dict[str, Path]
    links: list[Reference]
    others: list[str]


def below(folder: Path, exclude: Iterable[str], follow_symlinks: bool, prefix: str = "") -> FolderContent:
    """Walk a folder in the order of the names.

    Args:
        exclude: patterns of `PurePath.match`, matched against the path below the folder.
        follow_symlinks: follow links anywhere. By default a link to a file within the folder counts as that file, and
            every other link is recorded.
        prefix: prefix of each returned path.
    """
    content = FolderContent({}, [], [])
    patterns = tuple(exclude)
    inside = os.path.realpath(folder)
    for path, relative in _walk(folder, "", follow_symlinks, {inside}):
        if any(PurePath(relative).match(pattern) for pattern in patterns):
            continue
        linked = path.is_symlink()
        if linked and not follow_symlinks and not _leads_to_file_within(path, inside):
            content.links.append(_recorded(path, prefix + relative))
        elif _is_regular(path):
            content.files[prefix + relative] = path
        else:
            content.others.append(prefix + relative)
    return content


def _walk(folder: Path, prefix: str, follow: bool, visited: set[str]) -> Iterator[tuple[Path, str]]:
    """Yield everything below a folder except folders; with `follow` also behind links, each once per path."""
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        path, relative = Path(entry.path), prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path, f"{relative}/", follow, visited)
        elif follow and entry.is_dir():
            real = os.path.realpath(path)
            if real not in visited:
                yield from _walk(path, f"{relative}/", follow, visited | {real})
        else:
            yield path, relative


def _leads_to_file_within(path: Path, folder: str) -> bool:
    real = os.path.realpath(path)
    return real.startswith(folder.rstrip(os.sep) + os.sep) and os.path.isfile(real)


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        # It vanished, or is a broken link: reading it will raise an error with its name.
        return True


def _recorded(path: Path, relative: str) -> Reference:
    target = os.readlink(path)
    uri = Path(os.path.abspath(path.parent / target)).as_uri()
    return Reference(uri, None, None, {"path": relative, "symlink": target})
