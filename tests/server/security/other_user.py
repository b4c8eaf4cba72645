"""Requests of another user of this machine, as which only root can run programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

OTHER_UID = 65534
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act as another user"
)


def status_for(uid: int, url: str, *options: str) -> int:
    """The status that `url` answers to a program of this user; 0 if it could not connect."""
    command = ["curl", "--silent", "--noproxy", "*", "--output", os.devnull, "--write-out", "%{http_code}"]
    ended = subprocess.run(
        [*command, *options, url],
        user=uid,
        group=uid,
        extra_groups=[],
        cwd=Path("/"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return int(ended.stdout)
