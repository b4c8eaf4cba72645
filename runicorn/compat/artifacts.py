"""Artifacts of other trackers, stored as ours: their types and names are free texts, their versions count from 0."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runicorn.artifacts import names
from runicorn.artifacts.artifact import Artifact
from runicorn.artifacts.curation import set_alias
from runicorn.artifacts.errors import InvalidArtifact
from runicorn.artifacts.store import Store, Version
from runicorn.store.layout import CONTROL
from runicorn.tracking.run import Run

FOREIGN_TYPE = "foreign_type"
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')
_NUMBER = re.compile(r"v([0-9]+)")
_NOT_IN_ALIASES = re.compile(r"[^A-Za-z0-9._-]")


def fit_type(kind: str) -> str:
    """Return the type that is stored: one of ours, or "custom"."""
    return kind if kind in names.TYPES else names.ArtifactType.CUSTOM.value


def fit_name(name: str) -> str:
    """Return the name that is stored, with invalid characters replaced."""
    return CONTROL.sub("", _NOT_IN_NAMES.sub("-", name)).strip(" .")[: names.NAME_LENGTH] or "artifact"


def draft(name: str, kind: str, description: str | None, metadata: dict[str, Any] | None) -> Artifact:
    """Return an artifact that can be logged; a type that is not ours is kept in its metadata."""
    about = dict(metadata or {})
    if fit_type(kind) != kind:
        about[FOREIGN_TYPE] = kind
    return Artifact(fit_name(name), fit_type(kind), description or "", about)


def foreign_type(version: Version) -> str:
    return str(version.metadata.metadata.get(FOREIGN_TYPE) or version.artifact.type)


def alias_of(text: object) -> str:
    """Return a text as an alias, with other characters replaced."""
    return _NOT_IN_ALIASES.sub("-", str(text))[:64]


def set_aliases(version: Version, aliases: Iterable[str]) -> list[str]:
    """Point aliases to a version, with invalid characters replaced; return those that are set."""
    valid_aliases = []
    for alias in aliases:
        fitting = alias_of(alias)
        if fitting == names.LATEST:
            continue
        try:
            set_alias(version.artifact, fitting, version.number)
        except InvalidArtifact:  # such as "v3", which is a number
            continue
        valid_aliases.append(fitting)
    return valid_aliases


def store_of(run: Run) -> Store:
    """Return the artifacts in the storage root of a run."""
    return Store(run.storage_root)


def version_name(number: int) -> str:
    """Return the name of our version `number` where versions count from 0: v0, v1, …"""
    return f"v{number - 1}"


def our_spec(spec: str, kind: str | None = None) -> str:
    """Return our name of `entity/project/name:alias`; without an alias it is the latest version."""
    name, _, alias = spec.rpartition("/")[2].partition(":")
    number = _NUMBER.fullmatch(alias)
    if number:
        alias = f"v{int(number[1]) + 1}"
    elif alias:
        alias = _NOT_IN_ALIASES.sub("-", alias)[:64]
    prefix = f"{fit_type(kind)}/" if kind else ""
    return f"{prefix}{fit_name(name)}:{alias or names.LATEST}"


def aliases_of(version: Version) -> list[str]:
    """Return the aliases of a version, sorted."""
    return sorted(alias for alias, number in version.artifact.aliases().items() if number == version.number)


def add_path(artifact: Artifact, path: str | Path, name: str | None = None) -> None:
    """Add a file or a folder.

    Raises:
        InvalidArtifact: its path is invalid.
    """
    place = Path(path)
    if place.is_dir():
        artifact.add_dir(place, name)
    else:
        artifact.add_file(place, name)
