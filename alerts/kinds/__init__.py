"""Kinds of rules, one module each."""

from __future__ import annotations

from alerts.kinds import disk, gpu_idle, nan, no_step, plateau, samples, spike, state, threshold
from alerts.kinds.base import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (state, nan, threshold, spike, plateau, no_step, gpu_idle, disk, samples)
}
