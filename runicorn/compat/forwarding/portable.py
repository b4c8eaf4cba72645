"""Arguments of calls that are passed to another process: media as bytes, arrays as lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from runicorn.compat.media import Media
from runicorn.compat.wandb.artifact import Artifact
from runicorn.compat.wandb.data_types import Histogram
from runicorn.compat.wandb.flat_records import as_media
from runicorn.compat.wandb.settings import Settings
from runicorn.compat.wandb.table import Table
from runicorn.media.histograms import histogram
from runicorn.store.values import NotLoggable, described, scalar


class Portable(NamedTuple):
    """An object of the other library.

    Attributes:
        kind: name of its class.
        fields: arguments of the class; `content`, `suffix` and `caption` for media in files.
    """

    kind: str
    fields: dict[str, Any]


def portable(value: Any) -> Any:
    """Return a value that can be pickled and does not change."""
    if isinstance(value, Portable):
        return value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value if type(value) in (bool, int, float, str, type(None)) else scalar(value)
    if isinstance(value, Settings):
        return portable(value.model_dump())
    if isinstance(value, Mapping):
        return {str(key): portable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [portable(item) for item in value]
    if isinstance(value, Artifact):
        return _artifact(value)
    medium = as_media(value)
    if medium is not None:
        return _medium(medium)
    try:
        return scalar(value)
    except NotLoggable:
        return described(value)


def _medium(medium: Media) -> Any:
    kind = type(medium).__name__
    if isinstance(medium, Table):
        return Portable("Table", {"columns": portable(medium.columns), "data": portable(medium.data)})
    if isinstance(medium, Histogram):
        if medium.bins is not None:
            counts, edges = portable(list(medium.histogram)), portable(list(medium.bins))
        else:
            counted = histogram(medium._sequence, max(1, min(512, medium._bins)))
            counts, edges = counted["counts"], counted["edges"]
        return Portable("Histogram", {"np_histogram": (counts, edges)})
    if kind == "Trace":
        return Portable(kind, {name: portable(getattr(medium, name)) for name in ("messages", "metadata")})
    content, suffix = medium.encode()
    return Portable(kind, {"content": content, "suffix": suffix, "caption": medium.caption})


def _artifact(artifact: Artifact) -> Portable:
    original = artifact._stored
    files = {path: str(source) for path, source in original._files.items()}
    about = {"name": artifact._name, "type": artifact.type, "description": artifact.description}
    references = [(reference.uri, reference.metadata.get("name")) for reference in original.get_references()]
    fields = {**about, "metadata": portable(artifact.metadata), "files": files, "references": references}
    return Portable("Artifact", fields)
