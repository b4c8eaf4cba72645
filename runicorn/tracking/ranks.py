"""Rank of this process in a distributed training."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from runicorn.named_tuple import NamedTuple


class Rank(NamedTuple):
    """Rank of a process.

    Attributes:
        number: 0 for the process that logs.
        source: environment variable or library that it was read from.
    """

    number: int
    source: str


NOT_DISTRIBUTED = Rank(0, "")
MPI = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE"),
    ("HOROVOD_RANK", "HOROVOD_SIZE"),
)
# With Slurm's MPI plugin `srun` sets these for its tasks too, whether they use MPI or not.
PROCESS_MANAGER = (("PMI_RANK", "PMI_SIZE"), ("PMIX_RANK", "PMIX_SIZE"))


def current_rank() -> Rank:
    """Return the rank of this process; `NOT_DISTRIBUTED` if it runs alone.

    The tasks of a Slurm step are often independent (`srun --ntasks=8 python sweep.py`), so `SLURM_PROCID` counts only
    together with `MASTER_ADDR` or a `WORLD_SIZE` above 1.
    """
    return _of_torch() or _of_launcher() or _of_mpi() or _of_slurm() or NOT_DISTRIBUTED


def _of_torch() -> Rank | None:
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not getattr(distributed, "is_initialized", bool)():
        return None
    return Rank(int(distributed.get_rank()), "torch.distributed")


def _of_launcher() -> Rank | None:
    """Read the variables of torchrun, accelerate, DeepSpeed and Lightning."""
    if _count("WORLD_SIZE", 0) < 2:
        return None
    for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"):
        number = _number(name)
        if number is not None:
            return Rank(number, name)
    return None


def _of_mpi() -> Rank | None:
    under_slurm = _number("SLURM_PROCID") is not None
    for name, size in MPI if under_slurm else MPI + PROCESS_MANAGER:
        number = _number(name)
        if number is not None and _count(size, 2) > 1:
            return Rank(number, name)
    return None


def _of_slurm() -> Rank | None:
    number = _number("SLURM_PROCID")
    tasks = _count("SLURM_STEP_NUM_TASKS", _count("SLURM_NTASKS", 2))
    if number is None or tasks < 2 or not os.environ.get("MASTER_ADDR"):
        return None
    return Rank(number, "SLURM_PROCID")


def _number(name: str) -> int | None:
    value = os.environ.get(name, "").strip()
    return int(value) if value.isdecimal() else None


def _count(name: str, default: int) -> int:
    number = _number(name)
    return default if number is None else number
