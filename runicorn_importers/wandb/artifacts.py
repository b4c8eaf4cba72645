"""Artifacts logged by an offline run of Weights & Biases.

The record lists the files of an artifact with their MD5; an offline run leaves them in the user's staging folder
(`~/.local/share/wandb/artifacts/staging`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from pathlib import Path
from typing import Any

from runicorn import regular_file
from runicorn.artifacts.names import TYPES
from runicorn_importers.experiment import Files
from runicorn_importers.formats import protobuf

BLOCK = 1 << 20
STAGING = Path("artifacts", "staging")


def artifacts(records: list[tuple[Path, bytes]], omissions: list[str]) -> list[Files]:
    """Return the artifacts of `ArtifactRecord` messages, each once, with the files found on this machine.

    Args:
        records: the file of each message, and the message.
        omissions: receives a message for each file that is missing or was changed.


    """
    artifacts_by_name: dict[str, Files] = {}
    for origin, record in records:
        name, kind = protobuf.text(record, 5), protobuf.text(record, 4)
        paths, references = _contents(name, origin, protobuf.first(record, 12), omissions)
        if not paths and not references:
            omissions.append(f"the artifact {name!r} was not imported: none of its files was found.")
            continue
        aliases = _texts(record, 11)
        about: dict[str, Any] = {"wandb_type": kind, "wandb_aliases": aliases}
        artifacts_by_name[f"{name}:{protobuf.text(record, 6)}"] = Files(
            name,
            kind if kind in TYPES else "custom",
            paths,
            references,
            protobuf.text(record, 7),
            _metadata(protobuf.text(record, 8)) | about,
            aliases,
        )
    return list(artifacts_by_name.values())


def _contents(
    name: str, origin: Path, manifest: bytes, omissions: list[str]
) -> tuple[dict[str, Path], dict[str, str]]:
    paths: dict[str, Path] = {}
    references: dict[str, str] = {}
    for entry in protobuf.every(manifest, 4):
        path, digest, address, place = (protobuf.text(entry, number) for number in (1, 2, 3, 6))
        if address:
            references[path] = address
        elif file := _find(Path(place), origin, protobuf.integer(entry, 4), digest):
            paths[path] = file
        else:
            omissions.append(f"the file {path!r} of the artifact {name!r} is missing or was changed.")
    return paths, references


def _find(place: Path, origin: Path, size: int, digest: str) -> Path | None:
    """Return the file at its recorded path, or in a staging folder that was moved together with the run."""
    moved = (above / STAGING / place.name for above in list(origin.parents)[1:4])
    return next((path for path in (place, *moved) if _is_whole(path, size, digest)), None)


def _is_whole(path: Path, size: int, digest: str) -> bool:
    """Return whether a file has the recorded MD5.

    The record is not trusted and its path may lead anywhere: only a file whose digest is in the record is stored.
    """
    try:
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size != size:
            return False
        hashed = hashlib.md5(usedforsecurity=False)
        with regular_file.open_binary(path) as file:
            while block := file.read(BLOCK):
                hashed.update(block)
    except (OSError, ValueError):
        return False
    return base64.b64encode(hashed.digest()).decode() == digest


def _texts(message: bytes, number: int) -> list[str]:
    return [text.decode("utf-8", "replace") for text in protobuf.every(message, number)]


def _metadata(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
