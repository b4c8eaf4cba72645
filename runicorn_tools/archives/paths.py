"""Classification of the paths in an archive, which are relative to the storage root."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from runicorn.artifacts import names, store
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.store import curation, layout
from runicorn.store.project import analysis, boards, description, documents
from runicorn.store.project.board_schema import InvalidBoard
from runicorn_tools.archives.limits import ArchiveRefused

ABOUT = "runicorn-archive.json"
"""Member that describes the content of an archive."""
_VERSION = re.compile(r"v([1-9][0-9]{0,8})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OF_OTHERS = re.compile(r"runicorn\.db.*|\.experiments_metadata\.json|.*\.lock")
_SMALL = frozenset({store.MANIFEST, store.METADATA, store.CURATION, layout.DELETED})


class Kind(Enum):
    RUN = "run"
    BOARD = "board"
    DESCRIPTION = "description"
    ANALYSIS = "analysis"
    DOCUMENT = "document"
    VERSION = "version"
    CONTENT = "content"
    INDEX = "index"
    SKIPPED = "skipped"
    """Runtime files of a store, never imported: locks, databases, indexes of archives."""


class MemberPath(NamedTuple):
    """The place of a file in a store.

    Attributes:
        kind: what it belongs to.
        owner: folder of the run, version, artifact or project in the archive, or the digest of a content.
        rest: path within the owner.
    """

    kind: Kind
    owner: str = ""
    rest: str = ""


SKIPPED = MemberPath(Kind.SKIPPED)


def place_of(path: str) -> MemberPath:
    """Return the place of a checked path of an archive.

    Raises:
        ArchiveRefused: the path is invalid.
    """
    parts = path.split("/")
    if path == ABOUT or parts[0] == curation.PRIVATE or _OF_OTHERS.fullmatch(parts[-1]):
        return SKIPPED
    if parts[0] == "evaluations" and len(parts) == 2:  # of Runicorn 0.5; ours stand with their versions
        return SKIPPED
    try:
        place = _in_artifacts(parts) if parts[0] == store.ARTIFACTS else _in_project(parts) or _in_run(parts)
    except (InvalidArtifact, InvalidBoard, layout.InvalidName) as error:
        raise ArchiveRefused(
            "The archive's member {path} was rejected: {error}", path=repr(path[:200]), error=error
        ) from error
    if place is None:
        raise ArchiveRefused(
            "The archive's member {path} was rejected: it is not part of a store.", path=repr(path[:200])
        )
    return place


def _in_run(parts: list[str]) -> MemberPath | None:
    """Return the place of `<project>/<name>/runs/<id>/…`, or `runs/<path…>/<id>/…` of Runicorn 0.6 and 0.7.

    The depth of a run below `runs` is only known once the whole archive is unpacked.
    """
    folder, rest = layout.split_run_path("/".join(parts))
    *above, run_id = folder.split("/")
    if not folder or (above[-1:] != [layout.RUNS] and above[0] != layout.RUNS):
        return None
    if above[0] == layout.RUNS:
        if len(above) > 1 + layout.PATH_DEPTH or any(layout.is_hidden(part) for part in above[1:]):
            return None
    else:
        layout.check_name(above[0], "project")
        layout.check_name(above[1], "experiment name")
    if layout.is_hidden(run_id) or len(run_id) > layout.NAME_LENGTH:
        return None
    return MemberPath(Kind.RUN, folder, rest)


def _in_project(parts: list[str]) -> MemberPath | None:
    """Return the place of a description, an analysis, a board or a document of a project."""
    if len(parts) == 2 and parts[1] == analysis.FILE:
        return MemberPath(Kind.ANALYSIS, layout.check_name(parts[0], "project"), analysis.FILE)
    if len(parts) == 2 and parts[1] == description.FILE:
        return MemberPath(Kind.DESCRIPTION, layout.check_name(parts[0], "project"), description.FILE)
    if len(parts) == 3 and parts[1] in documents.FOLDERS and parts[2].endswith(documents.SUFFIX):
        name = documents.check_name(parts[2].removesuffix(documents.SUFFIX))
        return MemberPath(Kind.DOCUMENT, layout.check_name(parts[0], "project"), f"{parts[1]}/{name}")
    if len(parts) != 3 or parts[1] != boards.BOARDS or not parts[2].endswith(boards.SUFFIX):
        return None
    project = layout.check_name(parts[0], "project")
    return MemberPath(Kind.BOARD, project, boards.check_name(parts[2].removesuffix(boards.SUFFIX)))


def _in_artifacts(parts: list[str]) -> MemberPath | None:
    if parts[1:2] == [".dedup"]:
        return _in_pool(parts)
    if len(parts) < 4:
        return None
    if parts[1] not in names.MISPLACED:
        names.check_stored_type(parts[1])
    names.check_name(parts[2])
    artifact = "/".join(parts[:3])
    if len(parts) == 4:
        by_name = {store.INDEX: MemberPath(Kind.INDEX, artifact, store.INDEX), store.HIGHEST: SKIPPED}
        return by_name.get(parts[3])
    if not _VERSION.fullmatch(parts[3]):
        return None
    rest = "/".join(parts[4:])
    if rest not in _SMALL and not (parts[4] == store.FILES and len(parts) > 5):
        return None
    return MemberPath(Kind.VERSION, f"{artifact}/{parts[3]}", rest)


def _in_pool(parts: list[str]) -> MemberPath | None:
    if len(parts) == 4 and parts[2] in (".sizes", ".incoming"):
        return SKIPPED
    if len(parts) != 4 or not _DIGEST.fullmatch(parts[3]) or parts[2] != parts[3][:2]:
        return None
    return MemberPath(Kind.CONTENT, parts[3])
