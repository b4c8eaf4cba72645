"""Presets of the rule form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from runicorn.store.state import State


@dataclass(frozen=True, slots=True)
class Template:
    key: str
    label: str | Promise
    initial: Mapping[str, Any] = field(default_factory=dict)


LOSS = "*loss*"
TEMPLATES = (
    Template(
        "failed",
        _("Any run fails"),
        {"kind": "state", "states": [State.FAILED, State.KILLED, State.OUT_OF_MEMORY]},
    ),
    Template("lost", _("A run hangs or is lost"), {"kind": "state", "states": [State.STALLED, State.LOST]}),
    Template("finished", _("A run finishes"), {"kind": "state", "states": [State.FINISHED]}),
    Template("nan", _("A loss is NaN"), {"kind": "nan", "metric": LOSS}),
    Template("spike", _("A loss spikes"), {"kind": "spike", "metric": LOSS, "op": ">", "z": 6}),
    Template(
        "plateau", _("A loss stops improving"), {"kind": "plateau", "metric": LOSS, "op": "<", "points": 1000}
    ),
    Template("threshold", _("A metric crosses a value"), {"kind": "threshold", "op": ">"}),
    Template("no_step", _("No step for a while"), {"kind": "no_step", "minutes": 30}),
    Template("gpu_idle", _("GPUs are idle"), {"kind": "gpu_idle", "minutes": 15}),
    Template(
        "samples", _("Many samples are truncated"), {"kind": "samples", "samples": "truncated", "value": 5}
    ),
    Template("disk", _("The disk is nearly full"), {"kind": "disk", "value": 10}),
)
BY_KEY = {template.key: template for template in TEMPLATES}
