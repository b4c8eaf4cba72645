"""Names of episodes, and digests of events, by which no event is stored twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

OFF: Final = "off"
"""Key of the details: when it happened while no viewer was running."""


def name(rule: int, root: str, run_id: str, subject: str) -> str:
    return f"{rule}:{_digest(root, run_id)[:24]}:{subject}"


def identity(episode: str, kind: str, at: float, details: Mapping[str, Any]) -> str:
    """Return the identity of the event of a rule; several of one time differ in their details."""
    stable_details = {name: value for name, value in details.items() if name != OFF}
    return _digest(episode, kind, float(at), json.dumps(stable_details, sort_keys=True))


def identity_of_alert(root: str, run_id: str, at: float, title: str, text: str, level: str) -> str:
    """Return the identity of an alert that a script raised."""
    return _digest(root, run_id, at, title, text, level)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
