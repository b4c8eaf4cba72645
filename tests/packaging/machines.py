"""Debian with systemd as its first process, in namespaces of its own: `systemd-nspawn` on a root file system."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.packaging.commands import run_checked
from tests.packaging.debian import OF_THIS_MACHINE, make
from tests.processes import PROJECT
from tests.waiting import until

PROGRAMS = ("systemd-nspawn", "nsenter", "mmdebstrap")
PACKAGES = (
    "systemd,systemd-sysv,dbus,python3,python3-venv,ca-certificates,openssh-server,openssh-client,iproute2"
)
INSTALL = "python3 -m venv /opt/runicorn && /opt/runicorn/bin/pip install --quiet /source/sdk /source"


class Machine:
    """A root file system, and the systemd that runs in it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log = folder / "root", folder / "console.log"
        make(PACKAGES, self.root)
        binds = [f"--bind-ro={file}" for file in OF_THIS_MACHINE if Path(file).exists()]
        command = [*self._nspawn(), f"--bind-ro={PROJECT}:/source", *binds, "sh", "-c", INSTALL]
        subprocess.run(command, check=True, capture_output=True, timeout=1200)

    def _nspawn(self) -> list[str]:
        # The machine of the tests need not run systemd, so that nothing registers.
        name = f"--machine=runicorn-{os.getpid()}"
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", name, f"--directory={self.root}"]

    def boot(self) -> None:
        """Start systemd with a network of its own, and return once all units run."""
        systemd = ["--private-network", "--console=pipe", "/usr/lib/systemd/systemd", "--log-target=console"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self._nspawn(), *systemd],
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        children = until(lambda: psutil.Process(self.process.pid).children())
        self.first = children[0].pid
        until(lambda: self.run("systemctl", "is-system-running", code=None) == "running")

    def run(self, *words: str, code: int | None = 0, timeout: float = 120) -> str:
        """Run a command in the machine and return what it printed.

        Args:
            code: the exit status to expect, or None for any.
        """
        return run_checked(["nsenter", f"--target={self.first}", "--all", *words], code, timeout)

    def stop(self) -> None:
        """End all its processes at once."""
        psutil.Process(self.first).kill()
        self.process.wait(30)


@contextmanager
def machine() -> Iterator[Machine]:
    """Yield a machine with the project in `/opt/runicorn`."""
    with tempfile.TemporaryDirectory(prefix="runicorn-machine-", ignore_cleanup_errors=True) as folder:
        instance = Machine(Path(folder))
        instance.boot()
        try:
            yield instance
        finally:
            instance.stop()
