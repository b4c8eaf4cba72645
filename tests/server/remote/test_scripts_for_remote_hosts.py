"""Scripts for remote hosts run in old shells and old Pythons."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remote.environments import probe
from tests import programs
from tests.server.remote.test_the_program_packs_itself_as_a_wheel import members, packed

FOLDER = Path(probe.__file__).parent
SCRIPTS = ("find_pythons.sh", "describe_python.py", "own_environment.py")
PYTHON = Path(os.path.realpath(sys.executable))


def described(home: Path, **environment: str) -> dict[str, object]:
    """The description of this Python, run as on a remote host whose home is `home`."""
    output = subprocess.run(
        [PYTHON, "-"],
        input=probe.script("describe_python.py"),
        env={"HOME": str(home), **environment},
        cwd=home,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return dict(json.loads(output.strip().splitlines()[-1].removeprefix(probe.MARK)))


@pytest.mark.parametrize("shell", ["/bin/sh", pytest.param("/bin/bash", marks=pytest.mark.needs("bash"))])
def test_the_shell_script_is_valid(shell: str) -> None:
    subprocess.run([shell, "-n"], input=probe.script("find_pythons.sh"), check=True)


@pytest.mark.needs("shellcheck")
def test_shellcheck_accepts_the_shell_script() -> None:
    subprocess.run([str(programs.find("shellcheck")), FOLDER / "find_pythons.sh"], check=True)


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name.endswith(".py")])
def test_a_script_runs_on_python_3_4(name: str) -> None:
    tree = ast.parse(probe.script(name), feature_version=(3, 4))
    newer = ast.JoinedStr | ast.NamedExpr | ast.AnnAssign
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]


def test_the_shell_script_lists_environments_with_odd_names(tmp_path: Path) -> None:
    python = tmp_path / "a b'\n$(id)" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(PYTHON)
    (python.parent.parent / "pyvenv.cfg").touch()
    command = ["/bin/sh", "-s"]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    script = probe.script("find_pythons.sh")
    output = subprocess.run(command, input=script, env=environment, capture_output=True, check=True).stdout
    assert f"virtualenv\0venv\0{python}\0".encode() in output
    assert output.endswith(probe.MARK.encode() + b"\0")


def test_a_broken_configuration_costs_only_the_storage_root(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "runicorn" / "config.json"
    config.parent.mkdir(parents=True)
    for text in ("", "[]", "[" * 100_000, '{"user_root_dir": 5}'):
        config.write_text(text)
        description = described(tmp_path)
        assert (description["root"], description["root_exists"]) == (f"{tmp_path}/.runicorn", False)
        assert description["python"] == ".".join(map(str, sys.version_info[:3]))


def test_the_environment_variable_decides_about_the_storage_root(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    description = described(tmp_path, RUNICORN_DIR="~/runs")
    assert (description["root"], description["root_exists"]) == (f"{tmp_path}/runs", True)


def test_a_wheel_contains_the_scripts(tmp_path: Path) -> None:
    content = members(packed(tmp_path)[1])
    for name in SCRIPTS:
        assert content[f"runicorn_site/_apps/remote/environments/{name}"] == probe.script(name)
