from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from remote.environments import discovery, probe
from remote.environments.probe import Candidate, Environment
from remote.ssh import host_keys
from remote.ssh.loop import LoopThread
from runicorn import __version__
from tests.processes import PROJECT, command_of
from tests.sshd import Sshd
from tests.system_users import system_user
from tests.waiting import until

pytestmark = [pytest.mark.needs("sshd"), pytest.mark.django_db(transaction=True)]
PYTHON = Path(os.path.realpath(sys.executable))
HERE = ".".join(map(str, sys.version_info[:3]))


def virtual_environment(folder: Path) -> Path:
    """Create an empty virtual environment and return its site-packages."""
    command = [str(PYTHON), "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True)
    return next((folder / "lib").glob("python*")) / "site-packages"


def with_ours(packages: Path) -> None:
    """Install this checkout and its dependencies into site-packages."""
    here = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "runicorn.pth").write_text("\n".join([str(PROJECT), *here]) + "\n")


def with_another(packages: Path, version: str) -> None:
    """Install another package of the same name, as on a package index."""
    (packages / "runicorn").mkdir()
    (packages / "runicorn" / "__init__.py").write_text(f"__version__ = {version!r}\n")
    (packages / "runicorn" / "__main__.py").write_text("import sys; sys.exit('No such command')\n")
    (packages / f"runicorn-{version}.dist-info").mkdir()
    (packages / f"runicorn-{version}.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: runicorn\nVersion: {version}\n"
    )


def python_at(path: Path, script: str = "") -> None:
    """Create a Python at a path: the real one, or another program of that name."""
    path.parent.mkdir(parents=True)
    if script:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    else:
        path.symlink_to(PYTHON)


@pytest.fixture
def ask(api: APIClient, known_sshd: Sshd, remote_loop: LoopThread) -> Callable[..., Any]:
    """`ask(route, …)`: a request about the remote host."""
    assert api.post("/api/remote/connect", known_sshd.login()).status_code == 200

    def put(route: str, **more: str) -> Any:
        return api.get(f"/api/remote/{route}", {"connection_id": known_sshd.id} | more)

    return put


def environments_by_name(ask: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """Return the found environments by name."""
    answer = ask("conda-envs").json()
    assert answer["ok"] is True
    return {env["name"]: env for env in answer["envs"]}


def test_every_kind_of_environment_is_found(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    home = known_sshd.home
    with_ours(virtual_environment(home / "vision" / ".venv"))
    with_another(virtual_environment(home / "old" / "venv"), "0.5.4")
    virtual_environment(home / ".venv")
    virtual_environment(home / ".virtualenvs" / "notes")
    for name in ("miniconda3", "miniconda3/envs/ml", "elsewhere/by path"):
        (home / name / "conda-meta").mkdir(parents=True)
        python_at(home / name / "bin" / "python")
    (home / ".conda").mkdir()
    (home / ".conda" / "environments.txt").write_text(f"{home}/miniconda3\n{home}/elsewhere/by path")
    (home / ".local" / "share" / "uv" / "python").mkdir(parents=True)
    python_at(home / ".local/share/uv/python/cpython-3.12-linux/bin/python3", "exit 1")
    virtual_environment(home / ".pyenv" / "versions" / "3.11.7")
    virtual_environment(home / ".local/share/pipx/venvs/tool")
    (home / ".profile").write_text("echo greetings from the profile\n")
    environments = environments_by_name(ask)
    kinds = {name: (env["type"], env["tool"]) for name, env in environments.items()}
    assert (
        kinds.items()
        >= {
            "system": ("system", "system"),
            "vision/.venv": ("virtualenv", "venv"),
            "old/venv": ("virtualenv", "venv"),
            ".venv": ("virtualenv", "venv"),
            "notes": ("virtualenv", "venv"),
            "cpython-3.12-linux": ("virtualenv", "uv"),
            "3.11.7": ("virtualenv", "pyenv"),
            "tool": ("virtualenv", "pipx"),
        }.items()
    )
    assert [env["path"] for env in environments.values() if env["type"] == "conda"], "conda's were not found"
    assert environments["vision/.venv"] == {
        "name": "vision/.venv",
        "type": "virtualenv",
        "tool": "venv",
        "path": f"{home}/vision/.venv/bin/python",
        "python_version": f"Python {HERE}",
        "python_supported": True,
        "runicorn_version": __version__,
        "runicorn_is_ours": True,
        "is_default": True,
    }
    old = environments["old/venv"]
    assert (old["runicorn_version"], old["runicorn_is_ours"]) == ("0.5.4", False)
    assert environments[".venv"]["runicorn_version"] is None
    assert environments["cpython-3.12-linux"]["python_version"] == "Unknown"
    assert sum(env["is_default"] for env in environments.values()) == 1


def test_a_config_has_the_defaults_of_a_viewer(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    home = known_sshd.home
    with_ours(virtual_environment(home / "vision" / ".venv"))
    config = ask("config", conda_env="vision/.venv").json()
    port = config.pop("suggestedRemotePort")
    assert 1024 <= port <= 65535
    assert config == {
        "ok": True,
        "condaEnv": "vision/.venv",
        "pythonVersion": f"Python {HERE}",
        "pythonPath": f"{home}/vision/.venv/bin/python",
        "pythonSupported": True,
        "runicornVersion": __version__,
        "runicornIsOurs": True,
        "defaultStorageRoot": f"{home}/.runicorn",
        "storageRootExists": False,
        "home": str(home),
        "connectionId": known_sshd.id,
    }
    (home / "runicorn_data").mkdir()
    config = ask("config", conda_env=f"{home}/vision/.venv/bin/python").json()
    assert (config["defaultStorageRoot"], config["storageRootExists"]) == (f"{home}/runicorn_data", True)
    (home / ".config" / "runicorn").mkdir(parents=True)
    (home / ".config" / "runicorn" / "config.json").write_text('{"user_root_dir": "~/my runs"}')
    config = ask("config", conda_env="vision/.venv").json()
    assert (config["defaultStorageRoot"], config["storageRootExists"]) == (f"{home}/my runs", False)
    assert ask("config").json()["condaEnv"] == "system"


def test_the_config_of_an_unknown_environment_is_not_found(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    answer = ask("config", conda_env="nothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "Environment 'nothing' not found. Please check the environment name."},
    )
    python_at(known_sshd.home / ".pyenv/versions/broken/bin/python", "exit 3")
    answer = ask("config", conda_env="broken")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("Failed to run Python in environment: broken (")


def test_a_hanging_python_hides_no_other(
    known_sshd: Sshd, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "DESCRIBE_SECONDS", 5.0)
    python_at(known_sshd.home / ".pyenv/versions/hangs/bin/python", "exec sleep 100")
    python_at(known_sshd.home / ".pyenv/versions/talks/bin/python", "exec yes")
    began = time.monotonic()
    environments = environments_by_name(ask)
    assert time.monotonic() - began < 60
    assert environments["hangs"]["python_version"] == environments["talks"]["python_version"] == "Unknown"
    assert environments["system"]["python_version"].startswith("Python 3.")
    until(
        lambda: not any(command_of(session).startswith(("sleep", "yes")) for session in known_sshd.sessions())
    )


def test_a_hanging_python_keeps_its_name() -> None:
    usable = Environment("", "system", "", "/usr/bin/python3", python="3.11.2", identity="s", home="/home/me")
    silent = Environment("", "virtualenv", "", "/home/me/.venv/bin/python")
    assert [environment.name for environment in probe.with_names([usable, silent])] == ["system", ".venv"]


def test_no_environment_is_called_missing_when_no_python_responds(
    known_sshd: Sshd, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(link: Any, candidate: Candidate) -> Environment:
        return probe.environment(candidate, b"")

    monkeypatch.setattr(discovery, "_probe", silent)
    answer = ask("config", conda_env=".venv")
    assert answer.status_code == 503
    assert "No Python on 127.0.0.1 responded" in answer.json()["detail"]


def test_modules_in_the_home_are_not_run(known_sshd: Sshd, ask: Callable[..., Any]) -> None:
    home = known_sshd.home
    for name in ("json.py", "runicorn.py", "socket.py", "subprocess.py", "importlib.py"):
        (home / name).write_text("open(__file__ + '.ran', 'w')\n")
    virtual_environment(home / ".venv")
    (home / ".profile").write_text(f"cd {home}\n")
    assert environments_by_name(ask)[".venv"]["python_version"] == f"Python {HERE}"
    assert not list(home.glob("*.ran"))


@pytest.mark.parametrize(
    "shell", ["/bin/bash", pytest.param("/usr/bin/fish", marks=pytest.mark.needs("fish"))]
)
def test_output_of_the_login_shell_is_ignored(
    api: APIClient,
    open_sshd: Sshd,
    remote_loop: LoopThread,
    shell: str,
) -> None:
    with system_user(shell) as who:
        fish = open_sshd.home / ".config" / "fish"
        fish.mkdir(parents=True)
        for path in (open_sshd.home / ".bashrc", fish / "config.fish"):
            path.write_text("echo Welcome; echo runicorn-probe: ; echo careful >&2\n")
        body = {"host": "127.0.0.1", "port": open_sshd.port, "username": who.name, "password": who.password}
        connected = api.post("/api/remote/connect", body).json()
        answer = api.get("/api/remote/conda-envs", {"connection_id": connected["connection_id"]}).json()
        assert next(env["type"] for env in answer["envs"]) == "system"
        listing = api.get("/api/remote/fs/list", {"connection_id": connected["connection_id"]}).json()
        assert ".bashrc" in [item["name"] for item in listing["items"]]


def test_a_user_without_a_shell_is_reported(
    api: APIClient, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    with system_user("/usr/sbin/nologin") as who:
        body = {"host": "127.0.0.1", "port": known_sshd.port, "username": who.name, "password": who.password}
        connected = api.post("/api/remote/connect", body).json()
        answer = api.get("/api/remote/conda-envs", {"connection_id": connected["connection_id"]})
        assert answer.status_code == 503
        assert "A remote viewer needs a user with a shell." in answer.json()["detail"]


def test_a_host_with_a_forced_command_is_reported(
    api: APIClient, start_sshd: Callable[..., Sshd], remote_loop: LoopThread
) -> None:
    server = start_sshd('ForceCommand echo "no shell for you"; exit 1')
    host_keys.path().write_text(server.known_hosts_line)
    api.post("/api/remote/connect", server.login())
    answer = api.get("/api/remote/conda-envs", {"connection_id": server.id})
    assert answer.status_code == 503


# Parsing of responses


def report(*records: tuple[str, str, str]) -> bytes:
    """Return the output of the script that finds environments."""
    body = "".join("\0".join(record) + "\0" for record in records)
    return f"Welcome\nrunicorn-probe:\0{body}runicorn-probe:\0bye".encode("utf-8", "surrogateescape")


def test_unusual_paths_are_left_out() -> None:
    output = report(
        ("system", "system", "/usr/bin/python3"),
        ("system", "system", "/usr/bin/../bin/python3"),
        ("system", "system", "python3"),
        ("conda", "conda", "/opt/a b'\"$(id)/bin/python"),
        ("virtualenv", "venv", "/home/me/a\nb/bin/python"),
        ("virtualenv", "venv", "/home/me/\udcff/bin/python"),
        ("virtualenv", "venv", "/home/me/\x1b[2J/bin/python"),
        ("nonsense", "venv", "/home/me/bin/python"),
    )
    paths = [candidate.path for candidate in probe.candidates(output)]
    assert paths == ["/usr/bin/python3", "/opt/a b'\"$(id)/bin/python"]


@pytest.mark.parametrize("output", [b"", b"Welcome", b"runicorn-probe:\0", b"runicorn-probe:\0system\0"])
def test_a_script_that_was_cut_short_is_noticed(output: bytes) -> None:
    with pytest.raises(ValueError, match="is incomplete"):
        probe.candidates(output)


def test_the_number_of_probed_pythons_is_limited() -> None:
    many = report(*(("virtualenv", "venv", f"/home/me/{number}/bin/python") for number in range(1000)))
    assert len(probe.candidates(many)) == probe.MOST


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"runicorn-probe:",
        b"runicorn-probe:null",
        b"runicorn-probe:[]",
        b"runicorn-probe:{}",
        b'runicorn-probe:{"python": 3}',
        b"\xff\xfe",
        b'runicorn-probe:{"python": "3.12.1", "runicorn": "yes", "identity": "", "home": "", "root": "", "port": 1}',
    ],
)
def test_an_invalid_description_is_ignored(output: bytes) -> None:
    environment = probe.environment(Candidate("system", "system", "/usr/bin/python3"), output)
    assert environment.python is None and not environment.ours and not environment.new_enough


def test_a_description_is_only_text() -> None:
    output = b"""runicorn-probe:{"python": "3.\\u001b[2J12", "runicorn": {"version": ["1"], "implementation": {}},
        "identity": 1, "home": "/home/me\\n", "root": 5, "root_exists": "yes", "port": "x"}""".replace(
        b"\n        ", b" "
    )
    environment = probe.environment(Candidate("system", "system", "/usr/bin/python3"), output)
    assert (
        environment.python,
        environment.runicorn,
        environment.implementation,
        environment.home,
        environment.root,
    ) == (*("3.[2J12", None, None, "/home/me", ""),)
    assert (environment.root_exists, environment.port) == (False, 0)


def test_names_are_unique() -> None:
    def env(kind: Any, tool: str, path: str, **more: Any) -> Environment:
        return Environment("", kind, tool, path, home="/home/me", **more)

    environments = probe.with_names(
        [
            env("system", "system", "/usr/bin/python3", identity="a"),
            env("system", "system", "/bin/python3", identity="a"),
            env("system", "system", "/usr/local/bin/python3", identity="b"),
            env("conda", "conda", "/opt/conda/bin/python"),
            env("conda", "conda", "/home/me/miniconda3/bin/python"),
            env("conda", "conda", "/opt/conda/envs/ml/bin/python"),
            env("conda", "conda", "/home/me/miniconda3/envs/ml/bin/python"),
            env("virtualenv", "venv", "/home/me/.venv/bin/python"),
            env("virtualenv", "venv", "/home/me/a/.venv/bin/python"),
            env("virtualenv", "venv", "/home/me/b/a/.venv/bin/python"),
            env("virtualenv", "uv", "/home/me/x/bin/python3", implementation=probe.IMPLEMENTATION),
        ]
    )
    assert [environment.name for environment in environments] == [
        *("system", "/usr/local/bin/python3", "base", "/home/me/miniconda3", "ml"),
        *("/home/me/miniconda3/envs/ml", ".venv", "a/.venv", "/home/me/b/a/.venv", "x"),
    ]
    assert [environment.name for environment in environments if environment.is_default] == ["x"]
    assert probe.with_names([]) == []


@pytest.mark.parametrize(
    ("version", "enough"),
    [("3.11.0", True), ("3.12", True), ("4.0.1", True), ("3.10.14", False), ("2.7.18", False), ("3", False)],
)
def test_an_old_python_is_called_old(version: str, enough: bool) -> None:
    assert Environment("", "system", "system", "/p", python=version).new_enough is enough
