"""Steps and lines of records that need conversion."""

from __future__ import annotations

from runicorn.store import values
from runicorn.store.config_objects import items_of
from runicorn.store.journal import encode
from runicorn.store.notices import Notices
from runicorn.store.values import REFUSALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STEP_LIMIT = 2**63
OWN = ("global_step", "time", "stage")


def whole_step(step: Any, notices: Notices) -> int | None:
    """Return a step as a 64-bit integer; report once that it is invalid and return None otherwise."""
    try:
        integer_step = int(step)
    except REFUSALS:
        integer_step = STEP_LIMIT
    if -STEP_LIMIT <= integer_step < STEP_LIMIT:
        return integer_step
    display = repr(values.described(step))[:60]
    notices.once("step", f"the step {display} is not a 64-bit integer and was ignored.")
    return None


def without_names(data: Any, metrics: dict[str, Any], notices: Notices) -> dict[str, Any]:
    """Return the record of a call whose `data` is no dict: its settings by name if it has any, else only `metrics`."""
    items = items_of(data)
    if items is None:
        text = f"log() takes a dict like {{'loss': 0.5}}, not {type(data).__name__}"
        notices.once("log", f"{text}; {values.text_of(data)[:60]!r} was not logged.")
    return {**(items or {}), **metrics}


def cleaned_line(record: dict[str, Any], now: float, notices: Notices) -> bytes:
    """Return the line of a record that JSON cannot represent as it is."""
    own: dict[str, Any] = {key: record.pop(key) for key in OWN if key in record}
    return encode("metrics", {**values.metrics(record, notices), **own}, now)
