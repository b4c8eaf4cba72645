from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from runicorn._version import FULL, __version__
from runicorn_site.cli.doctor import checks
from tests.processes import PROJECT, Viewer, environment, free_port


def examine(home: Path, *options: str, **more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings of a real process."""
    process = subprocess.run(
        [sys.executable, "-m", "runicorn", "doctor", "--json", *options],
        env=environment(home, PATH=os.environ["PATH"], **more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not process.stderr, process.stderr
    return process.returncode, {finding["check"]: finding for finding in json.loads(process.stdout)}


def distribution(folder: Path, name: str, version: str, record: str = "") -> None:
    """Install the metadata of a distribution, with the list of its files."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(record)
    if name == FULL:  # without them it would hide those of the real one
        (info / "entry_points.txt").write_text(
            metadata.distribution(FULL).read_text("entry_points.txt") or ""
        )


def test_a_sound_installation_has_no_problems(folder: Path, home: Path) -> None:
    port = free_port()
    code, findings = examine(home, "--storage", str(folder), "--port", str(port))
    assert (code, [each for each in findings.values() if each["level"] == "problem"]) == (0, [])
    assert findings["Storage root"]["text"] == f"{folder} can be written"
    assert findings["Port"]["text"] == f"{port} is free"
    assert findings["Server"]["text"].startswith("Django ")
    assert findings["Clock"]["text"].endswith(f"equal to that of {folder}")
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("other", "remedy"),
    [("runicorn", "pip uninstall runicorn, then install"), ("runicorn-sdk", "install both again")],
)
def test_distributions_that_do_not_fit_are_a_problem(
    home: Path, tmp_path: Path, other: str, remedy: str
) -> None:
    distribution(tmp_path / "site", "runicorn-django", "1.0.0")
    distribution(tmp_path / "site", other, "0.7.1")
    code, findings = examine(home, PYTHONPATH=f"{PROJECT}:{tmp_path / 'site'}")
    assert code == 1 and findings["Distribution"]["level"] == "problem"
    for name in ("runicorn-django 1.0.0", f"{other} 0.7.1", remedy):
        assert name in findings["Distribution"]["text"]


def test_a_server_with_the_files_of_the_sdk_is_a_problem(home: Path, tmp_path: Path) -> None:
    distribution(tmp_path / "site", "runicorn-sdk", __version__)
    distribution(tmp_path / "site", "runicorn-django", __version__, "runicorn/__init__.py,,\n")
    code, findings = examine(home, PYTHONPATH=f"{PROJECT}:{tmp_path / 'site'}")
    assert (
        code == 1
        and "contains the files of runicorn-sdk: pip uninstall runicorn-django, then"
        in (findings["Distribution"]["text"])
    )


def test_both_distributions_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"runicorn-django": __version__, "runicorn-sdk": __version__}
    monkeypatch.setattr(checks, "_version", both.get)
    monkeypatch.setattr(checks, "_owns_the_sdk", lambda: False)
    finding = checks.distributions()
    assert finding.level == checks.Level.OK
    assert finding.text.startswith(f"runicorn-django {__version__} and runicorn-sdk {__version__} (")
    del both["runicorn-sdk"]
    finding = checks.distributions()
    assert finding.level == checks.Level.WARNING and finding.text.startswith(
        "runicorn-sdk is not installed, but"
    )


def test_another_program_with_the_same_name_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_version", {"runicorn": "0.7.1"}.get)
    finding = checks.distributions()
    assert finding.level == checks.Level.WARNING
    assert "whose update would replace this one: pip uninstall runicorn, then" in finding.text


def test_the_first_problem_determines_the_exit_code(folder: Path, home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        port = str(listener.getsockname()[1])
        code, findings = examine(home, "--storage", str(folder), "--port", port)
        assert (code, findings["Port"]["level"]) == (4, "problem")
        (home / "config").mkdir(parents=True, exist_ok=True)
        (home / "config" / "config.json").write_text("{")
        code, findings = examine(home, "--storage", str(folder), "--port", port)
    assert code == 2 and "not valid JSON" in findings["Configuration"]["text"]


def test_a_port_used_by_your_own_viewer_is_not_a_problem(viewer: Viewer, home: Path) -> None:
    code, findings = examine(home, "--storage", str(viewer.root), "--port", str(viewer.port))
    assert (code, findings["Port"]["text"]) == (0, f"your viewer runs at {viewer.url}")


def test_a_full_disk_and_a_wrong_clock_are_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_RESERVE", "100%")
    space = checks.space(folder)
    assert (space.level, space.exit_code) == (checks.Level.PROBLEM, 1)
    now = checks.time.time()
    monkeypatch.setattr(checks.time, "time", lambda: now - 90)
    assert re.search(r"the storage is \+9\d s off", checks.clock(folder).text)
