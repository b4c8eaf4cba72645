"""Records of `wandb.log`: nested values become dotted names, media are separated from metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runicorn.compat.media import Media
from runicorn.compat.wandb.data_types import Histogram, Image, Plotly
from runicorn.compat.wandb.table import Table
from runicorn.store.layout import RESERVED_METRICS
from runicorn.store.values import PLAIN

LOGGED = PLAIN - {type(None)}


def is_plain(data: Mapping[str, Any]) -> bool:
    """Return whether all values are plain numbers and texts, under names that are not reserved."""
    return RESERVED_METRICS.isdisjoint(data) and LOGGED.issuperset(map(type, data.values()))


def separate(data: Mapping[Any, Any], tracker: str) -> tuple[dict[str, Any], list[tuple[str, Media]]]:
    """Return the metrics and the media of a record, without values that are None.

    Args:
        data: what the script logs.
        tracker: its prefix for reserved names, such as `wandb/step`.
    """
    metrics: dict[str, Any] = {}
    media: list[tuple[str, Media]] = []
    for key, value in _flat("", data):
        if value is None:  # no point
            continue
        name = f"{tracker}/{key}" if key in RESERVED_METRICS else key
        many = value if isinstance(value, (list, tuple)) else [value]
        files = [item for item in map(as_media, many) if item is not None]
        if files and len(files) == len(many):
            media += [(name, file) for file in files]
        else:
            metrics[name] = value
    return metrics, media


def _flat(prefix: str, data: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def as_media(value: Any) -> Media | None:
    """Return a value that is stored as a file; None for a metric.

    Like W&B: data frames become tables, figures become charts, arrays of several numbers become histograms.
    """
    if isinstance(value, Media):
        return value
    if hasattr(value, "itertuples"):
        return Table(dataframe=value)
    if hasattr(value, "savefig") or hasattr(value, "gcf"):
        return Image(value.gcf() if hasattr(value, "gcf") else value)
    if hasattr(value, "to_plotly_json"):
        return Plotly(value)
    if type(value).__module__.startswith("PIL.") and hasattr(value, "mode"):
        return Image(value)
    if getattr(value, "ndim", 0) and getattr(value, "size", 0) != 1 and hasattr(value, "tolist"):
        count = value.numel() if hasattr(value, "numel") else value.size
        return Histogram(value) if count > 1 else None
    return None
