"""Packs: zip files with contents of source files and the tree of a state.

The first member of a pack, `runicorn-sources.json`, lists all files of a state with the pack that has the content of
each; the other members are contents, named by the first 32 hexadecimal digits of their SHA-256. A pack of the same
contents has the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runicorn import _platform
from runicorn.store.run_files import SOURCE_TREE as TREE

if TYPE_CHECKING:
    import zipfile

FORMAT = "runicorn.sources/1"
NAME_DIGITS = 32
TREE_CEILING = 64 * 1024 * 1024
CONTENT_CEILING = 16 * 1024 * 1024
_DATE = (1980, 1, 1, 0, 0, 0)

CLEAN, MASKED, LINK, EXECUTABLE = "c", "m", "l", "x"
"""Flags of a file. The content of a link is its target; `CLEAN` marks masked files whose original is in the commit."""


class File(NamedTuple):
    """A file of a state.

    Attributes:
        path: relative to the root of the sources, with forward slashes.
        name: name of its content.
        size: size of its content in bytes.
        flags: letters: a masked file as in the commit, masked, a symbolic link, executable.
        pack: digest of the pack with its content; "" for the pack that has the tree.
    """

    path: str
    name: str
    size: int
    flags: str
    pack: str

    @property
    def is_masked(self) -> bool:
        return MASKED in self.flags


def name_of(content: bytes) -> str:
    """Return the name of a content."""
    return hashlib.sha256(content).hexdigest()[:NAME_DIGITS]


def identity(files: Iterable[File], codes: Mapping[str, str]) -> str:
    """Return a digest of paths, contents and modes, by which equal states are recognised.

    Args:
        codes: names that stand for the contents of files: those of the code of notebooks, by path.
    """
    parts = (f"{file.path}\0{codes.get(file.path, file.name)}\0{file.flags}\n" for file in sorted(files))
    return hashlib.sha256("".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def write(files: Iterable[File], contents: Mapping[str, bytes]) -> bytes:
    """Return a pack with a tree and new contents."""
    import zipfile

    listing = sorted(files)
    packs = sorted({file.pack for file in listing} - {""})
    numbers = {"": 0, **{pack: number for number, pack in enumerate(packs, 1)}}
    rows = [[file.path, file.name, file.size, file.flags, numbers[file.pack]] for file in listing]
    tree = json.dumps({"format": FORMAT, "packs": packs, "files": rows}, separators=(",", ":"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_info(TREE), tree.encode("utf-8", "surrogateescape"))
        for name, content in sorted(contents.items()):
            archive.writestr(_info(name), content)
    return buffer.getvalue()


def _info(name: str) -> zipfile.ZipInfo:
    import zipfile

    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    return info


def read_tree(path: Path) -> list[File]:
    """Return the files of the state that a pack was written for.

    Raises:
        ValueError: it is no pack, or is damaged.
        OSError: it cannot be read.
    """
    import zipfile

    with open(_platform.open_regular(path, follow_links=False), "rb") as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                value = json.loads(member(archive, TREE, TREE_CEILING).decode("utf-8", "surrogateescape"))
            packs = ["", *value["packs"]]
            return [File(str(p), str(n), int(s), str(f), packs[k]) for p, n, s, f, k in value["files"]]
        except (zipfile.BadZipFile, KeyError, TypeError, IndexError, EOFError, NotImplementedError) as error:
            raise ValueError(f"{path.name} is not a pack of sources") from error


def member(archive: zipfile.ZipFile, name: str, ceiling: int = CONTENT_CEILING) -> bytes:
    """Return a member of a pack; packs of other users are read, so its size is limited."""
    from zipfile import BadZipFile

    with archive.open(name) as stream:
        content = stream.read(ceiling + 1)
    if len(content) > ceiling:
        raise BadZipFile(f"{name} is too large")
    return content
