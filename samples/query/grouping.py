"""Groups of samples of one prompt at one step, with the spread of their rewards."""

from __future__ import annotations

from runicorn.json_value import JsonObject, JsonValue
from runs.store.lazy_numpy import np
from samples.query import table
from samples.query.table import Lines, Selection

PREVIEW = 160


def page(lines: Lines, selection: Selection, score: str, order_by: str, number: int, size: int) -> JsonObject:
    """Return a page of groups.

    Args:
        score: the column whose spread is returned.
        order_by: `n`, `mean`, `spread`, `min` or `max`, `-` before it for descending; "" as written.
    """
    keys = table.group_keys(selection)
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    values = table.numbers(selection, score)
    valid = ~np.isnan(values)
    amount = np.bincount(inverse[valid], minlength=len(first))
    with np.errstate(all="ignore"):
        mean = np.bincount(inverse[valid], values[valid], len(first)) / amount
        squares = np.bincount(inverse[valid], values[valid] ** 2, len(first)) / amount
        spread = np.sqrt(np.maximum(0, squares - mean**2))
    low, high = np.full(len(first), np.inf), np.full(len(first), -np.inf)
    np.minimum.at(low, inverse[valid], values[valid])
    np.maximum.at(high, inverse[valid], values[valid])
    columns = {"n": counts.astype(float), "mean": mean, "spread": spread, "min": low, "max": high}
    key = columns.get(order_by.removeprefix("-"))
    if key is None:
        order = np.argsort(first, kind="stable")
    else:
        signed = -key if order_by.startswith("-") else key
        order = np.argsort(np.where(np.isfinite(signed), signed, np.inf), kind="stable")
    rows: list[JsonValue] = []
    for group in order[(number - 1) * size : number * size]:
        place = selection.place(int(selection.numbers[first[group]]))
        sample = table.read_row(lines, selection.pieces, place) or {}
        about, _ = table.cut(
            {k: sample.get(k) for k in ("group", "id", "prompt", "messages", "_step", "_row")}, PREVIEW
        )
        rows.append(
            {
                **about,
                "n": int(counts[group]),
                **{
                    name: float(values[group]) if np.isfinite(values[group]) else None
                    for name, values in columns.items()
                    if name != "n"
                },
            }
        )
    return {"groups": rows, "total": len(first), "page": number, "per_page": size}
