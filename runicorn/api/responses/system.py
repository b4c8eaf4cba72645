"""Responses about the server and its machine. Times are Unix seconds, sizes bytes, loads percent."""

from __future__ import annotations

from typing import Annotated, TypedDict

from runicorn.api.responses.metrics import CacheStatistics
from runicorn.newer_python import NotRequired


class Database(TypedDict):
    """The database of the server."""

    vendor: Annotated[str, "sqlite or postgresql."]
    version: str


class Health(TypedDict):
    """State and components of the server."""

    status: Annotated[str, "ok, or degraded."]
    problem: NotRequired[Annotated[str, "What is wrong, when the status is degraded."]]
    version: str
    timestamp: float
    storage: Annotated[str, "The active storage root."]
    database: Database
    cache: CacheStatistics


class Route(TypedDict):
    """A route of the API."""

    method: str
    path: Annotated[str, "With a name in braces for each variable part."]


class ApiIndex(TypedDict):
    """The routes of the API, and where they are documented."""

    version: str
    documentation: Annotated[str, "Address of the documentation pages."]
    openapi: Annotated[str, "Address of the OpenAPI description."]
    routes: list[Route]


class CheckedProcesses(TypedDict):
    """Running runs that were checked, and those whose process had died."""

    checked: int
    updated: int
    message: str


class Gpu(TypedDict):
    """One GPU; null for values that the driver does not report."""

    index: int | None
    name: str | None
    util_gpu: Annotated[float | None, "Percent."]
    util_mem: Annotated[float | None, "Percent."]
    mem_total_mib: float | None
    mem_used_mib: float | None
    mem_used_pct: float | None
    temp_c: Annotated[float | None, "Degrees Celsius."]
    power_w: Annotated[float | None, "Watts."]
    power_limit_w: Annotated[float | None, "Watts."]
    clock_sm_mhz: float | None
    clock_mem_mhz: float | None
    pstate: str | None
    fan_speed_pct: float | None


class Gpus(TypedDict):
    """The GPUs of the server's machine, or why they are unknown."""

    available: bool
    reason: NotRequired[Annotated[str, "When not available."]]
    ts: NotRequired[float]
    gpus: NotRequired[list[Gpu]]


class Frequency(TypedDict):
    """Frequency of the CPU in MHz."""

    current: float
    min: float
    max: float


class Cpu(TypedDict):
    """The CPU."""

    percent: float
    count: Annotated[int | None, "Cores."]
    logical_count: int | None
    per_core: Annotated[list[float], "Of each logical CPU."]
    frequency: Frequency | None
    load_avg: Annotated[list[float] | None, "Of 1, 5 and 15 minutes."]


class Memory(TypedDict):
    """Main memory and swap."""

    total: int
    available: int
    used: int
    percent: float
    swap_total: int
    swap_used: int
    swap_percent: float


class DiskTraffic(TypedDict):
    """Reads and writes of all disks since the machine started."""

    read_bytes: int
    write_bytes: int
    read_count: int
    write_count: int


class Disk(TypedDict):
    """The disk of the storage root."""

    path: str
    total: int
    used: int
    free: int
    percent: float
    io: DiskTraffic | None


class Platform(TypedDict):
    """Operating system and architecture."""

    system: str
    release: str
    machine: str


class Monitor(TypedDict):
    """Statistics of the server's machine."""

    available: bool
    ts: float
    cpu: Cpu
    memory: Memory
    disk: Disk
    platform: Platform
