"""Commands whose exit status is checked."""

from __future__ import annotations

import subprocess


def run_checked(command: list[str], code: int | None = 0, timeout: float = 120) -> str:
    """Run a command and return what it printed, both streams.

    Args:
        code: the exit status to expect, or None for any.
    """
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert code is None or ended.returncode == code, f"{command}: {ended.returncode}\n{ended.stdout}"
    return ended.stdout.strip()
