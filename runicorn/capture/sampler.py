"""CPU, memory and GPU samples of the process, for the `system/…` series of a run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from runicorn.capture import gpu
from runicorn.capture.process_stats import Usage, best_source
from runicorn.capture.subprocesses import Commands

INTERVAL = 10.0
"""Seconds between two samples."""
FIRST = 1.0
"""Seconds until the first sample, so that short runs have one too."""
PREFIX = "system/"
GPU_FIELDS = (
    "index",
    "uuid",
    "utilization.gpu",
    "memory.used",
    "memory.total",
    "temperature.gpu",
    "power.draw",
)
GPU_VALUES = {
    "percent": "utilization.gpu",
    "memory_mib": "memory.used",
    "temperature_c": "temperature.gpu",
    "power_w": "power.draw",
}
PAUSE_AFTER_SILENCE = 300.0
"""Seconds without queries after the GPU driver did not respond."""


class Sampler:
    """Sample every ten seconds and pass the result to `take` as `{"system/cpu_percent": 98.5, …}`.

    Keys: `cpu_percent` (of one core; child processes included), `memory_mib`, `memory_percent`,
    `host_cpu_percent`, `host_memory_percent`, and for each visible GPU `gpu0_percent`,
    `gpu0_memory_mib`, `gpu0_memory_percent`, `gpu0_temperature_c`, `gpu0_power_w`.
    """

    def __init__(
        self, take: Callable[[dict[str, float]], object], *, interval: float = INTERVAL, first: float = FIRST
    ) -> None:
        self._take = take
        self._interval = interval
        self._first = first
        self._usage = Usage(best_source(os.getpid()))
        self._commands = Commands()
        self._ask_cards_at = 0.0

    def run(self, stopped: threading.Event) -> None:
        """Sample until `stopped` is set."""
        self._read()  # percentages count from here
        due = time.monotonic() + self._first
        while not stopped.wait(max(0.0, due - time.monotonic())):
            values = self.sample()
            if values and not stopped.is_set():
                self._take(values)
            # Relative to the schedule, to keep the interval; relative to now if the machine was suspended.
            due = max(due + self._interval, time.monotonic() + self._interval / 2)

    def cancel(self) -> None:
        """Interrupt a query of the GPU driver."""
        self._commands.cancel()

    def sample(self) -> dict[str, float]:
        """Return one sample; empty if nothing can be read."""
        return {PREFIX + name: value for name, value in {**self._read(), **self._cards()}.items()}

    def _read(self) -> dict[str, float]:
        try:
            return self._usage.values()
        except OSError:  # all descriptors are in use, say: the next one may have luck
            return {}

    def _cards(self) -> dict[str, float]:
        began = time.monotonic()
        if began < self._ask_cards_at:
            return {}
        cards = gpu.query(self._commands, GPU_FIELDS)
        if cards is None:
            self._ask_cards_at = began + PAUSE_AFTER_SILENCE
            return {}
        values: dict[str, float] = {}
        for card in gpu.visible(cards, os.environ):
            values |= _of_card(card)
        return values


def _of_card(card: dict[str, str]) -> dict[str, float]:
    numbers = {name: gpu.number(card[field]) for name, field in GPU_VALUES.items()}
    used, total = numbers["memory_mib"], gpu.number(card["memory.total"])
    if used is not None and total:
        numbers["memory_percent"] = round(100 * used / total, 2)
    return {f"gpu{card['index']}_{name}": value for name, value in numbers.items() if value is not None}
