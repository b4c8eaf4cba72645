"""Statistics of the machine, without blocking. No Django."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from runicorn.api.responses import system as responses
from runicorn.capture import gpu
from runicorn.message import Message

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
TEXTS = ("name", "pstate")


class CpuMeter:
    """CPU load since the last reading; readings in quick succession share one value."""

    def __init__(self) -> None:
        self.at = float("-inf")
        self.per_core: list[float] = []
        self.before: list[tuple[float, float]] | None = None

    def read(self) -> list[float]:
        """Return the percent of each logical CPU; the first reading covers the time since the machine started.

        Empty while the system hides it, and at the first reading at which it does not.
        """
        with _lock:
            if time.monotonic() > self.at + FRESH_SECONDS:
                now = _busy_and_total()
                before = [(0.0, 0.0)] * len(now) if self.before is None else self.before
                self.per_core = [
                    _percent(busy - busy_before, total - total_before)
                    for (busy, total), (busy_before, total_before) in zip(now, before, strict=False)
                ]
                self.before, self.at = now, time.monotonic()
            return self.per_core


def _busy_and_total() -> list[tuple[float, float]]:
    """Return busy and total seconds of each logical CPU; empty where the system hides them.

    psutil's own percentages compare with the last call of the same thread, and here calls come from many threads.
    """
    seconds = []
    try:
        cpus = psutil.cpu_times(percpu=True)
    except OSError:  # some containers and phones hide `/proc/stat`
        return []
    for times in cpus:
        # `user` and `nice` include the time of guests; waiting for a disk is not work.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        seconds.append((total - times.idle - getattr(times, "iowait", 0.0), total))
    return seconds


def _percent(part: float, total: float) -> float:
    # The total is 0 where the clock stood still.
    return round(min(100.0, max(0.0, 100.0 * part / total)), 1) if total > 0 else 0.0


cpu_meter = CpuMeter()


def monitor(disk: Path) -> responses.Monitor:
    """Return the load of CPU, memory and the disk that holds `disk`."""
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


def _cpu() -> responses.Cpu:
    per_core = cpu_meter.read()
    frequency = psutil.cpu_freq()
    return {
        "percent": round(sum(per_core) / len(per_core), 1) if per_core else 0.0,
        "count": psutil.cpu_count(logical=False) or psutil.cpu_count(),
        "logical_count": psutil.cpu_count(),
        "per_core": per_core,
        "frequency": None
        if frequency is None
        else {"current": frequency.current, "min": frequency.min, "max": frequency.max},
        "load_avg": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def _disk(path: Path) -> responses.Disk:
    if not path.exists():  # the store's disk is not mounted: report the system's
        path = Path(path.anchor)
    usage = psutil.disk_usage(str(path))
    counters = psutil.disk_io_counters()
    io: responses.DiskTraffic | None = None
    if counters is not None:
        io = {
            "read_bytes": counters.read_bytes,
            "write_bytes": counters.write_bytes,
            "read_count": counters.read_count,
            "write_count": counters.write_count,
        }
    return {
        "path": str(path),
        "total": usage.total,
        "used": usage.used,
        "free": usage.free,
        "percent": usage.percent,
        "io": io,
    }


def gpus() -> responses.Gpus:
    """Return the GPUs that `nvidia-smi` reports, or the reason if they are unavailable; takes up to `NVIDIA_SECONDS`."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return {"available": False, "reason": Message("nvidia-smi not found in PATH")}
    fields = list(GPU_FIELDS.values())
    query = [program, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        process = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SECONDS, check=True)
    except subprocess.TimeoutExpired:
        reason = Message("nvidia-smi did not answer within {seconds} s", seconds=f"{NVIDIA_SECONDS:g}")
        return {"available": False, "reason": reason}
    except (subprocess.CalledProcessError, OSError) as error:
        return {"available": False, "reason": Message("nvidia-smi failed: {line}", line=_first_line(error))}
    return {
        "available": True,
        "ts": time.time(),
        "gpus": [_gpu(card) for card in gpu.parse(process.stdout, fields)],
    }


def _first_line(error: subprocess.CalledProcessError | OSError) -> str:
    output = error.stderr or error.stdout if isinstance(error, subprocess.CalledProcessError) else str(error)
    return (output or "no message").strip().splitlines()[0]


def _gpu(card: dict[str, str]) -> responses.Gpu:
    numbers = {key: gpu.number(card[field]) for key, field in GPU_FIELDS.items() if key not in TEXTS}
    index, used, total = numbers.pop("index"), numbers["mem_used_mib"], numbers["mem_total_mib"]
    entry: Any = {key: _text(card[GPU_FIELDS[key]]) for key in TEXTS} | numbers
    entry["index"] = None if index is None else int(index)
    entry["mem_used_pct"] = round(100 * used / total, 1) if used is not None and total else None
    result: responses.Gpu = entry
    return result


def _text(cell: str) -> str | None:
    return None if not cell or "N/A" in cell or "Not Supported" in cell else cell
