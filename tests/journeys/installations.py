"""Fresh environments with our wheels, for tests that install it as users do."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import time
import venv
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runicorn._platform import file_lock
from runicorn._version import SDK
from tests.prepared import FOLDER
from tests.processes import PROJECT


class Clock:
    """Count the seconds since its creation, without the share of the CPUs that other processes used.

    On a quiet machine these are the seconds of a clock on the wall. Beside other tests they are nearly those that the
    same work takes alone, and at least the CPU seconds of this process and its descendants.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._all, self._own = _cpu_seconds()

    @property
    def seconds(self) -> float:
        """Seconds until now."""
        all_now, own_now = _cpu_seconds()
        own = own_now - self._own
        others = max(0.0, all_now - self._all - own)
        return max(own, time.monotonic() - self._began - others / (psutil.cpu_count() or 1))


def _cpu_seconds() -> tuple[float, float]:
    """Return the CPU seconds of all processes, and of this one with its descendants."""
    times = psutil.cpu_times()
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
    this, own = psutil.Process(), 0.0
    for process in (this, *this.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            own += sum(process.cpu_times()[:4])  # with its children that have ended
    return busy, own


@dataclass(frozen=True)
class Installation:
    """An environment with our wheels."""

    python: Path
    seconds: float
    """Duration of `pip install`, by a `Clock`."""

    @property
    def program(self) -> str:
        """The command `runicorn`."""
        return str(self.python.parent / "runicorn")


def built_wheels() -> tuple[Path, Path]:
    """Return the wheels of the SDK and of the server, built once per session of tests."""
    target = Path(os.environ[FOLDER]) / "wheel"
    target.mkdir(parents=True, exist_ok=True)
    with file_lock(target / "lock"):
        if not (target / "done").exists():
            for source in (PROJECT / "sdk", PROJECT):
                command = [
                    sys.executable,
                    "-m",
                    "build",
                    "--wheel",
                    "--no-isolation",
                    "--outdir",
                    target,
                    source,
                ]
                subprocess.run(command, check=True, capture_output=True)
            (target / "done").touch()
    (sdk,), (server,) = target.glob("runicorn_sdk-*.whl"), target.glob("runicorn_django-*.whl")
    return sdk, server


def new_environment(folder: Path) -> Path:
    """Create a virtual environment without packages and return its Python."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    return folder / "bin" / "python"


def pip_install(python: Path, *arguments: str) -> Installation:
    """Run `pip install` for an environment that has no pip, and count its seconds."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *arguments]
    clock = Clock()
    subprocess.run(command, check=True, capture_output=True)
    return Installation(python, clock.seconds)


def link_requirements(wheel: Path, python: Path, extra: str = "") -> None:
    """Link what the wheel of the server requires, but for the SDK, into an environment, from that of the tests."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        required = email.message_from_bytes(archive.read(path)).get_all("Requires-Dist", [])
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    requirements = {text for text in required if _is_wanted(Requirement(text), {"", extra})}
    link_distributions({text for text in requirements if Requirement(text).name != SDK}, site)


def link_distributions(names: set[str], target: Path) -> None:
    """Link installed distributions, with those that they require, into a folder of packages."""
    for name in _with_requirements(names):
        distribution = metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
        for top in tops:
            if not (target / top).exists():
                (target / top).symlink_to(Path(str(distribution.locate_file(top))))


def _with_requirements(names: set[str]) -> set[str]:
    keys: set[str] = set()
    waiting = [Requirement(name) for name in sorted(names)]
    while waiting:
        requirement = waiting.pop()
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key not in keys:
            keys.add(key)
            required = map(Requirement, metadata.requires(requirement.name) or ())
            waiting += [each for each in required if _is_wanted(each, requirement.extras or {""})]
    return {key.partition("[")[0] for key in keys}


def _is_wanted(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
