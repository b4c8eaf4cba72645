"""Python environments on the remote host, in the home of an SSH server's logins."""

from __future__ import annotations

import json
import sys
import venv
from pathlib import Path

from tests.prepared import lay_out
from tests.processes import PROJECT
from tests.server.remote.leftovers import DATA


def our_environment(home: Path, folder: str = ".venv") -> Path:
    """A virtual environment with Runicorn, which has been started there before."""
    lay_out(home / DATA)
    target = home / folder
    venv.EnvBuilder(with_pip=False, symlinks=True).create(target)
    (site,) = target.glob("lib/python*/site-packages")
    theirs = next(entry for entry in sys.path if entry.endswith("site-packages"))
    (site / "ours.pth").write_text(f"{PROJECT}\n{theirs}\n")
    return target / "bin" / "python"


def bare_environment(home: Path, folder: str = ".venv") -> Path:
    """An empty virtual environment."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(home / folder)
    return home / folder / "bin" / "python"


def foreign_environment(home: Path, version: str, implementation: str | None, folder: str = ".venv") -> Path:
    """A virtual environment with another package named runicorn, or another version of it."""
    python = bare_environment(home, folder)
    (site,) = (home / folder).glob("lib/python*/site-packages")
    (site / "runicorn").mkdir()
    (site / "runicorn" / "__init__.py").write_text("")
    document = {"name": "runicorn", "version": version}
    if implementation is not None:
        document["implementation"] = implementation
    (site / "runicorn" / "__main__.py").write_text(f"print('''{json.dumps(document)}''')\n")
    info = site / f"runicorn-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: runicorn\nVersion: {version}\n")
    return python


def fake_python(home: Path, script: str, folder: str = ".venv") -> Path:
    """A folder like an environment, whose Python is a shell script."""
    path = home / folder / "bin" / "python"
    path.parent.mkdir(parents=True)
    (home / folder / "pyvenv.cfg").write_text("version = 3.8.10\n")
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    return path


def pretending(home: Path, script: str, folder: str = ".venv") -> Path:
    """An environment with Runicorn, whose remote viewer is a shell script."""
    real = our_environment(home, ".real")
    return fake_python(home, f'case "$*" in *--remote-mode*)\n{script}\n;; esac\nexec {real} "$@"\n', folder)


def with_pip(home: Path, folder: str) -> Path:
    """A virtual environment with pip and the dependencies of Runicorn, but without Runicorn."""
    python = bare_environment(home, folder)
    (site,) = (home / folder).glob("lib/python*/site-packages")
    theirs = Path(next(entry for entry in sys.path if entry.endswith("site-packages")))
    for entry in theirs.iterdir():
        if entry.suffix != ".pth" and not entry.name.startswith(("runicorn", "__")):
            (site / entry.name).symlink_to(entry)
    return python
