"""Small root file systems of Debian's packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

NO_DOCS = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "info", "locale")]
"""What slim images leave out too."""
OF_THIS_MACHINE = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
"""How pip finds the package index; mounted while packages are installed."""


def make(packages: str, target: Path) -> Path:
    """Install packages into a new folder, or into an archive if the name of the target ends in `.tar`."""
    command = ["mmdebstrap", "--variant=minbase", f"--include={packages}", *NO_DOCS, "trixie", str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    return target
