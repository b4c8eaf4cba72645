"""Capture of the environment of a run: code, packages, command line, machine. Secrets are masked."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runicorn import _platform
from runicorn.capture import gpu, machine, snapshot
from runicorn.capture.git import Repository
from runicorn.capture.program_start import ProgramStart
from runicorn.capture.redaction import MASK, Masking
from runicorn.capture.subprocesses import Commands
from runicorn.store import layout

VALUE_LENGTH = 500
_VARIABLES = (
    "CUDA_VISIBLE_DEVICES CUDA_HOME CUDNN_VERSION NCCL_VERSION PYTORCH_VERSION TF_VERSION KERAS_BACKEND "
    "JAX_PLATFORM_NAME JAX_PLATFORMS XLA_FLAGS OMP_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS PYTHONPATH "
    "PYTHONHASHSEED LD_LIBRARY_PATH DYLD_LIBRARY_PATH PATH VIRTUAL_ENV CONDA_DEFAULT_ENV CONDA_PREFIX RUNICORN_DIR "
    "WANDB_MODE MLFLOW_TRACKING_URI RANK LOCAL_RANK WORLD_SIZE SLURM_JOB_ID SLURM_PROCID SLURM_NTASKS "
    "SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID"
)
VARIABLES = _VARIABLES.split()
GPU_FIELDS = {
    "index": "index",
    "name": "name",
    "memory_total_mb": "memory.total",
    "memory_free_mb": "memory.free",
    "utilization_percent": "utilization.gpu",
    "temperature_c": "temperature.gpu",
    "driver_version": "driver_version",
}


@dataclass
class EnvironmentInfo:
    """Content of `environment.json`. Sizes are in MiB (`…_mb`), `captured_at` in Unix seconds.

    `git_info` is described at `Repository.describe`; `incomplete` names the parts that took too long.
    """

    python_version: str = ""
    platform: str = ""
    platform_details: dict[str, str] = field(default_factory=dict)
    pip_packages: list[str] | None = None
    conda_packages: list[str] | None = None
    conda_env: str | None = None
    git_info: dict[str, Any] | None = None
    env_variables: dict[str, str] = field(default_factory=dict)
    gpu_info: list[dict[str, Any]] | None = None
    command_line: list[str] = field(default_factory=list)
    working_dir: str = ""
    cpu_info: dict[str, Any] = field(default_factory=dict)
    conda_channels: list[str] | None = None
    captured_at: float = 0.0
    incomplete: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fields to `path` atomically.

        Raises:
            OSError: the file could not be written.
        """
        layout.write_json(Path(path), self.to_dict())


class EnvironmentCapture:
    """Capture the environment of a run.

    Args:
        working_dir: a folder of the repository; by default the working directory.
        start: state of the process at its start; by default its current state.
    """

    def __init__(
        self, working_dir: str | os.PathLike[str] | None = None, *, start: ProgramStart | None = None
    ) -> None:
        start = start or ProgramStart.now()
        self.working_dir = Path(working_dir if working_dir is not None else start.folder)
        self._start = start
        self._variables = start.variables
        self._commands = Commands()
        self._hide = Masking(self._variables)

    def capture_all(self) -> EnvironmentInfo:
        """Capture everything; takes as long as git and the GPU driver need, at most half a minute."""
        return self.capture_until(lambda: False)

    def capture_until(self, stopped: Callable[[], bool]) -> EnvironmentInfo:
        """Capture until `stopped` returns true; parts that are missing then are named in `incomplete`."""
        info = EnvironmentInfo(captured_at=time.time())
        for name, ask in self._parts():
            value = None if stopped() else ask()
            if stopped():  # before, or while it was asked for
                info.incomplete.append(name)
            elif value is not None:
                setattr(info, name, value)
        return info

    def _parts(self) -> list[tuple[str, Callable[[], Any]]]:
        """Return the fields with their functions, fast ones first."""
        return [
            ("python_version", self.get_python_version),
            ("platform", self.get_platform),
            ("platform_details", self.get_platform_details),
            ("command_line", self.get_command_line),
            ("working_dir", self.get_working_dir),
            ("env_variables", self.get_env_variables),
            ("cpu_info", self.get_cpu_info),
            ("git_info", self.get_git_info),
            ("pip_packages", self.get_pip_packages),
            ("conda_env", self.get_conda_env),
            ("conda_packages", self.get_conda_packages),
            ("conda_channels", self.get_conda_channels),
            ("gpu_info", self.get_gpu_info),
        ]

    def cancel(self) -> None:
        """Interrupt the current query; later queries return None."""
        self._commands.cancel()

    def get_python_version(self) -> str:
        return sys.version

    def get_platform(self) -> str:
        """Return the operating system in the form `Linux 6.1.0 (x86_64)`."""
        return _platform.system_name()

    def get_platform_details(self) -> dict[str, str]:
        """Return details of the operating system and the interpreter."""
        return machine.platform_details()

    def get_command_line(self) -> list[str]:
        """Return the command line; values of options with secret names are `***`, code after `-c` is left out."""
        return self._hide.arguments(_without_code(self._start.arguments))

    def get_working_dir(self) -> str:
        return self._hide.text(str(self.working_dir))

    def get_cpu_info(self) -> dict[str, Any]:
        """Return the model of the CPU, its cores, usable cores, and memory in MiB."""
        return machine.processor()

    def get_pip_packages(self) -> list[str] | None:
        """Return installed packages as `name==version`, sorted."""
        return machine.packages(self._start.import_path)

    def get_conda_env(self) -> str | None:
        """Return the name of the conda environment; None outside of one."""
        prefix, active = self._conda_prefix(), self._variables.get("CONDA_PREFIX")
        name = self._variables.get("CONDA_DEFAULT_ENV") if prefix in ("", active) else ""
        return name or os.path.basename(prefix) or None

    def get_conda_packages(self) -> list[str] | None:
        """Return the packages of the conda environment as `name=version=build`, sorted; None outside of one."""
        prefix = self._conda_prefix()
        return machine.conda_packages(Path(prefix)) if prefix else None

    def get_conda_channels(self) -> list[str] | None:
        """Return the channels of these packages; None outside of a conda environment."""
        prefix = self._conda_prefix()
        return machine.conda_channels(Path(prefix)) if prefix else None

    def _conda_prefix(self) -> str:
        """Return the conda environment of the interpreter, else the active one; "" without one."""
        # Its interpreter may be started by its path, while no environment is active or another one.
        is_own = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
        return sys.prefix if is_own else self._variables.get("CONDA_PREFIX", "")

    def get_git_info(self) -> dict[str, Any] | None:
        """Return the repository of the working directory, else of the script; None without one."""
        script = self._start.script
        folders = [self.working_dir, *([(self.working_dir / script).parent] if script else [])]
        for folder in dict.fromkeys(folders):
            description = Repository(folder, self._commands, self._hide, self._variables).describe()
            if description is not None:
                return description
        return None

    def get_env_variables(self, filter_keys: Sequence[str] | None = None) -> dict[str, str]:
        """Return environment variables relevant to a training: `filter_keys`, else a fixed list. No others are read."""
        names = VARIABLES if filter_keys is None else filter_keys
        # Masked before it is truncated: part of a secret would not be recognised.
        pairs = self._hide.arguments(
            [f"{name}={self._variables[name]}" for name in names if self._variables.get(name)]
        )
        return {name: _shortened(value) for name, _, value in (pair.partition("=") for pair in pairs)}

    def get_gpu_info(self) -> list[dict[str, Any]] | None:
        """Return the GPUs that `nvidia-smi` lists; None without it."""
        cards = gpu.query(self._commands, list(GPU_FIELDS.values()))
        if cards is None:
            return None
        texts = ("name", "driver_version")
        return [
            {key: card[name] if key in texts else gpu.number(card[name]) for key, name in GPU_FIELDS.items()}
            | {"index": int(gpu.number(card["index"]) or 0)}
            for card in cards
        ]

    def capture_code_snapshot(
        self,
        code_dir: str | os.PathLike[str],
        output_dir: str | os.PathLike[str],
        extensions: Sequence[str] | None = None,
    ) -> bool:
        """Copy the source files below `code_dir` to `output_dir`; see `snapshot.copy_sources`.

        Raises:
            OSError: `code_dir` cannot be read, or `output_dir` not be written.
        """
        return bool(snapshot.copy_sources(Path(code_dir), Path(output_dir), extensions))


def capture_for_run(
    run_dir: str | os.PathLike[str], working_dir: str | os.PathLike[str] | None = None
) -> EnvironmentInfo:
    """Capture the environment and save it as `environment.json` of the run.

    Raises:
        OSError: the file could not be written.
    """
    info = EnvironmentCapture(working_dir).capture_all()
    info.save(Path(run_dir) / layout.ENVIRONMENT)
    return info


def _without_code(arguments: Sequence[str]) -> list[str]:
    """Replace code passed to the interpreter by `-c`: it is a program, not a description of one."""
    masked = list(arguments)
    position = 1
    while position < len(masked) and masked[position].startswith("-"):
        option = masked[position]
        if not option.startswith("--") and option.endswith("c") and position + 1 < len(masked):
            masked[position + 1] = MASK
            break
        position += 2 if option in ("-W", "-X") else 1
    return masked


def _shortened(value: str) -> str:
    return value if len(value) <= VALUE_LENGTH else value[: VALUE_LENGTH - 3] + "..."
