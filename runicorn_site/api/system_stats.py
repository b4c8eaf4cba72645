"""Figures of the machine, read without ever waiting for them. No Django."""

from __future__ import annotations

import csv
import os
import platform
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psutil

FRESH_SECONDS = 0.5
NVIDIA_SECONDS = 3.0
_lock = threading.Lock()

GPU_FIELDS = {
    "index": "index",
    "name": "name",
    "util_gpu": "utilization.gpu",
    "util_mem": "utilization.memory",
    "mem_total_mib": "memory.total",
    "mem_used_mib": "memory.used",
    "temp_c": "temperature.gpu",
    "power_w": "power.draw",
    "power_limit_w": "power.limit",
    "clock_sm_mhz": "clocks.sm",
    "clock_mem_mhz": "clocks.mem",
    "pstate": "pstate",
    "fan_speed_pct": "fan.speed",
}
WHOLE = {"index"}
WORDS = {"name", "pstate"}


class CpuMeter:
    """Processor load since the last look; looks that follow closely on each other share one figure."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.per_core: list[float] = []
        self.before = _busy_and_all()

    def read(self) -> list[float]:
        """Percent of each logical processor; the first look covers the time since the meter was made.

        Empty as long as the system does not tell, and at the first look at which it does.
        """
        with _lock:
            if time.monotonic() > self.at + FRESH_SECONDS:
                now = _busy_and_all()
                self.per_core = [
                    _percent(busy - busy_before, whole - whole_before)
                    for (busy, whole), (busy_before, whole_before) in zip(now, self.before, strict=False)
                ]
                self.before, self.at = now, time.monotonic()
            return self.per_core


def _busy_and_all() -> list[tuple[float, float]]:
    """Seconds of each logical processor that were work, and all of them; nothing where the system does not tell.

    psutil's own percentages compare with the last look of the same thread, and here threads take turns.
    """
    found = []
    try:
        processors = psutil.cpu_times(percpu=True)
    except OSError:  # some containers and phones keep `/proc/stat` to themselves
        return []
    for times in processors:
        # What guests took is in `user` and `nice` already; waiting for a disk is no work.
        whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        found.append((whole - times.idle - getattr(times, "iowait", 0.0), whole))
    return found


def _percent(part: float, whole: float) -> float:
    """A part of what passed, between 0 and 100; nothing has passed at a clock that stood still."""
    return round(min(100.0, max(0.0, 100.0 * part / whole)), 1) if whole > 0 else 0.0


cpu_meter = CpuMeter()


def monitor(disk: Path) -> dict[str, Any]:
    """Processor, memory, the disk that holds `disk`, and the platform. Sizes in bytes, frequencies in MHz."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "available": True,
        "ts": time.time(),
        "cpu": _cpu(),
        "memory": {
            "total": memory.total,
            "available": memory.available,
            "used": memory.used,
            "percent": memory.percent,
            "swap_total": swap.total,
            "swap_used": swap.used,
            "swap_percent": swap.percent,
        },
        "disk": _disk(disk),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
        },
    }


def _cpu() -> dict[str, Any]:
    per_core = cpu_meter.read()
    frequency = psutil.cpu_freq()
    return {
        "percent": round(sum(per_core) / len(per_core), 1) if per_core else 0.0,
        "count": psutil.cpu_count(logical=False) or psutil.cpu_count(),
        "logical_count": psutil.cpu_count(),
        "per_core": per_core,
        "frequency": None if frequency is None else dict(frequency._asdict()),
        "load_avg": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def _disk(path: Path) -> dict[str, Any]:
    if not path.exists():  # an unplugged store: the disk of the system is there all the same
        path = Path(path.anchor)
    usage = psutil.disk_usage(str(path))
    counters = psutil.disk_io_counters()
    names = ("read_bytes", "write_bytes", "read_count", "write_count")
    io = None if counters is None else {name: getattr(counters, name) for name in names}
    return {
        "path": str(path),
        "total": usage.total,
        "used": usage.used,
        "free": usage.free,
        "percent": usage.percent,
        "io": io,
    }


def gpus() -> dict[str, Any]:
    """What `nvidia-smi` says of each GPU, or why there is nothing to say; takes up to 3 s."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {"available": False, "reason": "nvidia-smi not found in PATH"}
    query = [program, f"--query-gpu={','.join(GPU_FIELDS.values())}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        return {"available": False, "reason": f"nvidia-smi did not answer within {NVIDIA_SECONDS:.0f} s"}
    except (subprocess.CalledProcessError, OSError) as error:
        return {"available": False, "reason": f"nvidia-smi failed: {_first_line(error)}"}
    return {"available": True, "ts": time.time(), "gpus": parse_gpus(done.stdout)}


def _first_line(error: subprocess.CalledProcessError | OSError) -> str:
    said = error.stderr or error.stdout if isinstance(error, subprocess.CalledProcessError) else str(error)
    return (said or "no message").strip().splitlines()[0]


def parse_gpus(text: str) -> list[dict[str, Any]]:
    """The lines of `nvidia-smi` as objects; what it does not know (`[N/A]`) is null."""
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [_gpu(dict(zip(GPU_FIELDS, row, strict=True))) for row in rows if len(row) == len(GPU_FIELDS)]


def _gpu(words: dict[str, str]) -> dict[str, Any]:
    gpu: dict[str, Any] = {key: _value(key, word.strip()) for key, word in words.items()}
    used, total = gpu["mem_used_mib"], gpu["mem_total_mib"]
    gpu["mem_used_pct"] = round(100 * used / total, 1) if used is not None and total else None
    return gpu


def _value(key: str, word: str) -> str | int | float | None:
    if "N/A" in word or "Not Supported" in word or not word:
        return None
    if key in WORDS:
        return word
    try:
        return int(word) if key in WHOLE else float(word)
    except ValueError:
        return None
