"""Podman with images of Debian's packages, for machines that reach no image registry."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import programs
from tests.packaging.commands import run_checked
from tests.packaging.debian import OF_THIS_MACHINE, make
from tests.processes import PROJECT
from tests.waiting import until

PROGRAMS = ("podman", "podman-compose", "runc", "mmdebstrap", "nft")
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMITS = [f"--ulimit={name}={limit}:{limit}" for name, limit in (("nofile", 4096), ("nproc", 4096))]
"""Below those of most machines, since only some users may raise theirs."""


class Podman:
    """Images, containers and volumes in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.program = folder, folder / "bin" / "podman"
        storage = ("--root", str(folder / "store"), "--runroot", str(folder / "run"))
        self.program.parent.mkdir()
        # podman-compose finds it in PATH. crun refuses machines that have both kinds of control groups.
        self.program.write_text(
            "#!/bin/sh\nexport PODMAN_IGNORE_CGROUPSV1_WARNING=1\n"
            f'exec {programs.find("podman")} {" ".join(storage)} --runtime runc "$@"\n',
            encoding="utf-8",
        )
        self.program.chmod(0o755)

    def run(self, *words: str, code: int | None = 0, timeout: float = 120) -> str:
        """Run a command and return what it printed.

        Args:
            code: the exit status to expect, or None for any.
        """
        return run_checked([str(self.program), *words], code, timeout)

    def inspect(self, name: str) -> dict[str, Any]:
        """Return the description of a container or an image."""
        details: list[dict[str, Any]] = json.loads(self.run("inspect", name))
        return details[0]

    def load(self, archive: Path, name: str, **instructions: str | list[str]) -> None:
        """Make an image of an archive, with some instructions of a Dockerfile."""
        words = []
        for instruction, value in instructions.items():
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--change", f"{instruction} {text}"]
        self.run("import", "--quiet", *words, str(archive), name, timeout=600)

    def build(self, name: str) -> None:
        """Build the Dockerfile of the project upon an image of Debian's Python."""
        dockerfile = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
        (base,) = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
        archive = make("python3,python3-venv,ca-certificates", self.folder / "base.tar")
        self.load(archive, f"docker.io/library/{base}", ENV=PATH)
        words = ["--network=host", "--pull=never", "--format=docker", *LIMITS]
        words += [f"--volume={file}:{file}:ro" for file in OF_THIS_MACHINE if Path(file).exists()]
        self.run("build", *words, "--tag", name, str(PROJECT), timeout=1500)

    def compose(self, file: Path, *words: str, **settings: str) -> str:
        """Run podman-compose with a file, and meanwhile the health checks, whose timers need systemd."""
        with (self.folder / "compose.log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                ["podman-compose", "--file", str(file), *words],
                env=os.environ | {"PATH": f"{self.program.parent}:{os.environ['PATH']}"} | settings,
                stdout=log,
                stderr=log,
            )
            try:
                until(lambda: self._check_health() or process.poll() is not None, timeout=300, pause=0.5)
            finally:
                process.kill()
                process.wait(10)
            log.seek(0)
            printed = log.read()
        assert process.returncode == 0, f"{words}: {process.returncode}\n{printed}"
        return printed

    def _check_health(self) -> None:
        for name in self.run("ps", "--filter", "health=starting", "--format", "{{.Names}}").splitlines():
            self.run("healthcheck", "run", name, code=None)


@contextmanager
def podman() -> Iterator[Podman]:
    """Yield an engine without images; all that it made is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="runicorn-podman-", ignore_cleanup_errors=True) as folder:
        engine = Podman(Path(folder))
        try:
            yield engine
        finally:
            engine.run("system", "reset", "--force", code=None, timeout=300)
