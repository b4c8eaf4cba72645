"""Common form of a sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

KEYS = frozenset(
    {
        *(
            "id",
            "group",
            "prompt",
            "completion",
            "messages",
            "reward",
            "rewards",
            "advantage",
            "target",
            "correct",
        ),
        *("tokens", "token_ids", "logprobs", "entropy", "truncated", "tool_calls", "tags", "meta"),
    }
)
"""Keys that the viewer knows (contract of `run.log_samples`)."""
REST = "record"
"""Key of the fields of a record that have no key of ours, verbatim."""
Record = Mapping[str, Any]


class SampleRow(NamedTuple):
    """One sample.

    Attributes:
        data: as for `run.log_samples`.
        step: training step; None where the framework has none.
        time: Unix seconds; None if not recorded.
        end: position in the source after it: a byte offset in a file that grows, else the number of the row.
    """

    data: dict[str, Any]
    step: int | None = None
    time: float | None = None
    end: int = 0


def sample(record: Record, named: Mapping[str, Any], used: Sequence[str] = ()) -> dict[str, Any]:
    """Return a sample: the named values that are present, and the rest of the record verbatim.

    Args:
        named: values by our keys; None for absent ones.
        used: fields of the record that the named values contain.
    """
    rest = {key: value for key, value in record.items() if key not in used}
    data = {key: value for key, value in named.items() if value is not None}
    return {**data, REST: rest} if rest else data


def group_of_prompt(prompt: Any) -> dict[str, str | None]:
    """Return the group of a sample whose framework records none: samples with an equal prompt are one group.

    `group_from` says that it was inferred.
    """
    if not prompt:
        return {"group": None}
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"group": digest[:12], "group_from": "prompt"}


def numbers(values: Any) -> dict[str, float] | None:
    """Return the numbers of a mapping; None if it has no numbers."""
    if not isinstance(values, Mapping):
        return None
    floats = {
        str(key): float(value)
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return floats or None
