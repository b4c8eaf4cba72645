"""Validate the conditions of rules."""

from __future__ import annotations

import math
from typing import Any

from alerts.errors import InvalidAlert
from alerts.kinds import KINDS
from alerts.kinds.base import Condition, parsed
from runicorn.alerts.evaluation import OPERATORS
from runicorn.message import Message
from runicorn.store.state import STATES
from runs.active_root import active_root
from runs.query import where_keys
from runs.query.where.parser import BadWhere
from samples.query import where as samples_where

MOST_POINTS = 10**9
LARGEST_WINDOW = 10_000
"""A spike is judged by a window of values that is kept between two batches."""
MOST_MINUTES = 60.0 * 24 * 365


def check(content: dict[str, Any]) -> Condition:
    """Return a condition whose fields have the right types already.

    Raises:
        InvalidAlert: a field is missing, is not one of the kind, or has an impossible value.
    """
    kind = KINDS.get(content.get("kind", ""))
    if kind is None:
        raise InvalidAlert("when", Message("One of {choices} is required", choices=", ".join(KINDS)), "kind")
    fields = {name: value for name, value in content.items() if value not in (None, "", [], ())}
    fields.pop("kind", None)
    for name in kind.required:
        if name not in fields:
            raise InvalidAlert("when", Message("Required for rules of kind {kind}", kind=kind.name), name)
    if kind.either and not fields.keys() & set(kind.either):
        sentence = Message(
            "Required for rules of kind {kind}, unless {other} is set", kind=kind.name, other=kind.either[1]
        )
        raise InvalidAlert("when", sentence, kind.either[0])
    for name in fields:
        if name not in kind.fields:
            raise InvalidAlert(
                "when", Message("Rules of kind {kind} have no such field", kind=kind.name), name
            )
    _check_values(kind.name, fields)
    return parsed({"kind": kind.name, **fields})


def _check_values(kind: str, fields: dict[str, Any]) -> None:
    if unknown := [state for state in fields.get("states", ()) if state not in STATES]:
        sentence = Message("{word!r} is not one of {choices}", word=unknown[0], choices=", ".join(STATES))
        raise InvalidAlert("when", sentence, "states")
    if "op" in fields and fields["op"] not in OPERATORS:
        raise InvalidAlert("when", Message("One of {choices} is required", choices=" ".join(OPERATORS)), "op")
    points = LARGEST_WINDOW if kind == "spike" else MOST_POINTS
    for name, limit in (("points", points), ("minutes", MOST_MINUTES), ("z", 1e6)):
        if name in fields and not 0 < fields[name] <= limit:
            raise InvalidAlert(
                "when", Message("A number above 0 and up to {most:g} is required", most=limit), name
            )
    if "samples" in fields:
        try:
            samples_where.parse(fields["samples"])
        except BadWhere as error:
            raise InvalidAlert("when", error.sentence, "samples") from error
    if "value" in fields and not math.isfinite(fields["value"]):
        raise InvalidAlert("when", Message("A finite number is required"), "value")


def check_where(text: str) -> None:
    """Check a condition on runs."""
    if text.strip():
        try:
            where_keys.parse(active_root(), text)
        except BadWhere as error:
            raise InvalidAlert("where", error.sentence) from error
