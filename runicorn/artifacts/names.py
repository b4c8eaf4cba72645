"""Validation of names, types, aliases and paths of artifacts, shared by SDK and server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from runicorn.artifacts.errors import InvalidArtifact
from runicorn.newer_python import StrEnum
from runicorn.store.layout import CONTROL, is_device

LATEST = "latest"
NAME_LENGTH = 128
TYPE_LENGTH = 64
COMPONENT_BYTES = 255
PATH_LENGTH = 1024
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_ALIAS = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"[vV]?[0-9]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


class ArtifactType(StrEnum):
    """Type of an artifact, and the folder of that name."""

    MODEL = "model"
    DATASET = "dataset"
    CONFIG = "config"
    CODE = "code"
    CUSTOM = "custom"


TYPES = tuple(kind.value for kind in ArtifactType)
# On Python 3.10 and 3.11 Runicorn 0.4-0.5 wrote the name of the enum member instead of its value.
MISPLACED = {f"ArtifactType.{kind.name}": kind.value for kind in ArtifactType}


def folders(kind: str) -> tuple[str, ...]:
    """Return the folders that may contain artifacts of a type, its own first."""
    return (kind, *(word for word, kind_of_word in MISPLACED.items() if kind_of_word == kind))


def check_type(value: object) -> str:
    """Return the type as text.

    Raises:
        InvalidArtifact: it is not one of the five types.
    """
    text = str(value) if isinstance(value, str) else ""
    if text not in TYPES:
        raise InvalidArtifact(
            f"Invalid artifact type {text or value!r}: it must be one of {', '.join(TYPES)}.", "type"
        )
    return text


def check_stored_type(value: object) -> str:
    """Return the type of an artifact in a store: Runicorn 0.4-0.5 accepts any name of a folder.

    Raises:
        InvalidArtifact: it cannot.
    """
    text = str(value) if isinstance(value, str) else ""
    if not text or len(text) > TYPE_LENGTH or _name_problem(text):
        raise InvalidArtifact(
            f"Invalid artifact type {text[:200] or value!r}: it cannot be a folder.", "type"
        )
    return text


def check_name(value: object) -> str:
    """Return the name if it is valid as a folder on every system.

    Raises:
        InvalidArtifact: it is not text of 1-128 characters, or has invalid characters.
    """
    if not isinstance(value, str) or not value:
        raise InvalidArtifact("Artifact name must be a non-empty string", "name")
    problem = _name_problem(value)
    if problem:
        raise InvalidArtifact(f"Invalid artifact name {value[:200]!r}: it {problem}.", "name")
    return value


def is_unicode(text: str) -> bool:
    """Return whether it can be encoded as UTF-8; file names in unknown encodings cannot."""
    return _SURROGATE.search(text) is None


def _name_problem(name: str) -> str | None:
    if not is_unicode(name):
        return "must be text in Unicode"
    if len(name) > NAME_LENGTH or len(name.encode("utf-8", "replace")) > COMPONENT_BYTES:
        return f"must not be longer than {NAME_LENGTH} characters or {COMPONENT_BYTES} bytes in UTF-8"
    if CONTROL.search(name):
        return "must not contain control characters"
    if _FORBIDDEN.search(name):
        return 'must not contain any of / \\ : * ? " < > |'
    if name.startswith("."):
        return "must not begin with a dot"
    if name.strip() != name:
        return "must not begin or end with a space"
    if is_device(name):
        return "is the name of a device on some systems"
    return None


def check_alias(value: object) -> str:
    """Return the alias if it can be set; `latest` cannot.

    Raises:
        InvalidArtifact: it has characters other than letters, digits, dot, underscore and hyphen, looks like a
            version, or is `latest`.
    """
    if not isinstance(value, str) or not _ALIAS.fullmatch(value):
        raise InvalidArtifact(
            "Invalid alias {alias}: it must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.",
            "alias",
            alias=repr(str(value)[:100]),
        )
    if _NUMBER.fullmatch(value):
        raise InvalidArtifact("Invalid alias {alias}: it looks like a version.", "alias", alias=repr(value))
    if value == LATEST:
        raise InvalidArtifact(
            "The alias 'latest' always points to the newest version and cannot be set or removed.", "alias"
        )
    return value


def check_path(value: object) -> str:
    """Return the path of a file in an artifact if it is relative, with forward slashes, and valid on every system.

    Raises:
        InvalidArtifact: it is not.
    """
    if not isinstance(value, str) or not value:
        raise InvalidArtifact("The path of a file in an artifact must be a non-empty string.", "files")
    problem = path_problem(value)
    if problem:
        raise InvalidArtifact(f"Invalid path in an artifact {value[:200]!r}: it {problem}.", "files")
    return value


def path_problem(path: str) -> str | None:
    """Return why a path is not valid below a folder on every system, as a predicate of "it"; None if it is."""
    if not is_unicode(path):
        return "must be text in Unicode"
    if len(path) > PATH_LENGTH:
        return f"must not have more than {PATH_LENGTH} characters"
    if CONTROL.search(path):
        return "must not contain control characters"
    if "\\" in path:
        return "must not contain backslashes"
    if path.startswith("/") or _DRIVE.match(path):
        return "must be relative"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "must not have empty parts, '.' or '..'"
    if any(len(part.encode()) > COMPONENT_BYTES for part in parts):
        return f"must not have parts of more than {COMPONENT_BYTES} bytes"
    return None


def check_paths(paths: Iterable[str]) -> None:
    """Check that the paths of a new version can coexist on every system.

    Existing versions may have paths that this rejects: older programs did not check.

    Raises:
        InvalidArtifact: two differ only in case, one is a folder of another, or one has the name of a device.
    """
    seen: dict[str, str] = {}
    for path in paths:
        device = next((part for part in path.split("/") if is_device(part)), None)
        if device is not None:
            sentence = f"Invalid path in an artifact {path[:200]!r}: {device!r} is the name of a device on some systems."
            raise InvalidArtifact(sentence, "files")
        folded = path.casefold()
        if folded in seen:
            raise InvalidArtifact(f"The paths {seen[folded]!r} and {path!r} differ only in case.", "files")
        seen[folded] = path
    # With the lowest character as separator, a file sorts right before the content of a folder of its name.
    ordered = sorted((folded.replace("/", "\0"), path) for folded, path in seen.items())
    for (file, path), (below, other) in zip(ordered, ordered[1:]):
        if below.startswith(f"{file}\0"):
            raise InvalidArtifact(f"{path!r} cannot be a file and the folder of {other!r}.", "files")


class Spec(NamedTuple):
    """Parsed name of a version.

    Attributes:
        name: the artifact.
        type: its type; None if not given.
        version: the number; None if an alias was given.
        alias: the alias; None if a number was given.
    """

    name: str
    type: str | None
    version: int | None
    alias: str | None


def parse_spec(text: object) -> Spec:
    """Parse `name:latest`, `name:v3`, `name:3` or `type/name:alias`.

    Raises:
        InvalidArtifact: it has another form.
    """
    name, colon, which = str(text).rpartition(":")
    if not colon or not which:
        raise InvalidArtifact(
            "Artifact spec must be in format 'name:version' or 'name:alias', got: {text}", text=text
        )
    kind, slash, rest = name.partition("/")
    if slash:
        kind, name = check_stored_type(kind), rest
    checked = check_name(name)
    if _NUMBER.fullmatch(which):
        number = int(which.lstrip("vV")[:18])
        if number < 1:
            raise InvalidArtifact("Invalid version format: {which}", which=which)
        return Spec(checked, kind if slash else None, number, None)
    return Spec(checked, kind if slash else None, None, which)
