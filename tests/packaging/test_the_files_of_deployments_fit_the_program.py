"""The Dockerfile, the compose file and the systemd unit name options, settings and folders that exist."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from runicorn.settings.user import SETTINGS
from runicorn_tools.cli import Commands
from tests.processes import PROJECT, Viewer

DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
UNIT = PROJECT / "deploy" / "runicorn.service"
MOST_EXPOSURE = 20
"""Of 100, as `systemd-analyze security` rates it."""


def instruction(name: str) -> list[str]:
    """Return the arguments of an instruction, as often as it occurs."""
    return re.findall(rf"^\s*{name} +(.+)$", DOCKERFILE, re.MULTILINE)


def accept(words: list[str]) -> None:
    """Raise if the command line is invalid."""
    Commands()[words[0]].make_context(words[0], words[1:])


def test_the_image_has_all_that_the_wheels_are_built_of() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *wheel["packages"],
        *wheel["force-include"],
        *project["project"]["license-files"],
        "pyproject.toml",
        "hatch_build.py",
        "runicorn",
        "sdk",
    }
    needed |= {
        project["project"]["readme"],
        *project["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]["files"],
    }
    names = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert needed <= names
    assert all((PROJECT / name).exists() for name in names)
    (extras,) = re.findall(r'/source/sdk "/source\[([\w,-]+)\]"', DOCKERFILE)
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()


def test_the_container_starts_the_viewer_with_settings_that_exist() -> None:
    assert instruction("ENTRYPOINT") == ['["runicorn"]']
    accept(json.loads(instruction("CMD")[-1]))
    variables = set(re.findall(r"RUNICORN_[A-Z_]+(?==)", DOCKERFILE + UNIT.read_text(encoding="utf-8")))
    assert variables and variables <= SETTINGS.keys()
    (user,) = instruction("USER")
    assert user.split(":")[0] not in ("root", "0")
    base = set(instruction("FROM"))
    assert len({image.partition(" AS ")[0] for image in base}) == 1
    assert all(re.match(r"python:\d+\.\d+\.\d+-slim-\w+", image) for image in base)


def test_the_compose_file_fits_the_dockerfile() -> None:
    (service,) = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    (exposed,) = instruction("EXPOSE")
    assert service["ports"] == [f"127.0.0.1:{exposed}:{exposed}"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == instruction("VOLUME")
    assert service["read_only"] and service["tmpfs"] == ["/tmp"]


def test_the_compose_file_of_a_cluster_has_no_empty_defaults() -> None:
    """podman-compose passes `${NAME:-}` on as it stands. A variable without a value is left out where it is not set."""
    text = (PROJECT / "deploy" / "cluster" / "compose.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["x-server"]["environment"]["RUNICORN_ARTIFACT_POOL"] is None
    assert ":-}" not in text


def test_the_health_check_fails_without_a_viewer(tmp_path: Path) -> None:
    (check,) = re.findall(r'CMD (\["python".+\])', DOCKERFILE)
    (tmp_path / "store").mkdir()
    viewer = Viewer(tmp_path / "store", tmp_path, "--token", "auto")
    _, option, code = json.loads(check)
    command = [sys.executable, option, code.replace("23300", str(viewer.port))]
    try:
        viewer.wait_until_it_answers()
        assert subprocess.run(command, timeout=30).returncode == 0
    finally:
        viewer.stop()
    assert subprocess.run(command, timeout=30, stderr=subprocess.DEVNULL).returncode != 0


def test_a_viewer_reports_to_systemd_that_it_serves(tmp_path: Path) -> None:
    assert "Type=notify" in UNIT.read_text(encoding="utf-8")
    (tmp_path / "store").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(90)
        viewer = Viewer(tmp_path / "store", tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            assert manager.recv(100) == b"READY=1"
            assert viewer.get("/healthz").status_code == 200
        finally:
            viewer.stop()


@pytest.mark.needs("systemd-analyze")
def test_the_systemd_unit_is_valid_and_hardened(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8")
    (start,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    program, *words = shlex.split(start)
    accept(words)
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace(program, sys.executable), encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSURE}", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert rated.returncode == 0, rated.stdout
