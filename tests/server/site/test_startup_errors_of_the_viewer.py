from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import environment, free_port

USAGE, NOT_AVAILABLE = 2, 4


def viewer(
    home: Path, *options: str, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Start a viewer that is expected to exit."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "runicorn", "viewer", "--no-open", *options],
        env=environment(home, **more),
        cwd=cwd or home,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_port_in_use_is_reported(home: Path, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = viewer(home, "--storage", str(folder), "--port", str(port))
    assert ended.returncode == NOT_AVAILABLE
    assert str(port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_new_storage_root_is_made(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = viewer(home, "--storage", str(tmp_path / "new"), "--port", str(other.getsockname()[1]))
    assert ended.returncode == NOT_AVAILABLE and "There is no folder" not in ended.stderr
    assert (tmp_path / "new").is_dir()


def test_a_missing_storage_root_is_reported(home: Path, tmp_path: Path) -> None:
    ended = viewer(home, "--storage", str(tmp_path / "no" / "where"), "--port", "0")
    assert (ended.returncode, ended.stderr) == (
        NOT_AVAILABLE,
        f"runicorn: There is no folder {tmp_path}/no/where\n",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_reachable_server_without_token_and_users_is_refused(home: Path, folder: Path, host: str) -> None:
    ended = viewer(home, "--storage", str(folder), "--host", host, "--port", str(free_port()), "--no-token")
    assert ended.returncode == USAGE
    assert "leave out --no-token" in ended.stderr


@pytest.mark.parametrize(
    "options", [("--users", "--token", "auto"), ("--users", "--no-token"), ("--auth-header", "X-Remote-User")]
)
def test_contradicting_options_about_users_are_refused(
    home: Path, folder: Path, options: tuple[str, ...]
) -> None:
    ended = viewer(home, "--storage", str(folder), "--port", "0", *options)
    assert ended.returncode == USAGE
    assert "--users excludes" in ended.stderr or "--auth-header needs --trusted-proxy" in ended.stderr


def test_a_host_of_another_machine_is_refused(home: Path, folder: Path) -> None:
    ended = viewer(home, "--storage", str(folder), "--host", "192.0.2.1", "--port", "0")
    assert ended.returncode == NOT_AVAILABLE
    assert "192.0.2.1" in ended.stderr


@pytest.mark.parametrize("content", [None, "", "\n", "a\nb\x00", "hunter2"])
def test_an_empty_token_file_is_reported(
    home: Path, folder: Path, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    ended = viewer(home, "--storage", str(folder), "--port", "0", "--token", str(file))
    assert ended.returncode == USAGE
    assert str(file) in ended.stderr


def test_an_invalid_database_url_is_reported(home: Path, folder: Path) -> None:
    ended = viewer(home, "--storage", str(folder), "--port", "0", RUNICORN_DATABASE_URL="mysql://x")
    assert ended.returncode == USAGE
    assert "RUNICORN_DATABASE_URL" in ended.stderr


@pytest.mark.parametrize(
    "options", [["--port", "70000"], ["--port", "x"], ["--log-level", "LOUD"], ["--nonsense"]]
)
def test_wrong_options_are_wrong_usage(home: Path, options: list[str]) -> None:
    assert viewer(home, *options).returncode == USAGE


def test_an_invalid_number_of_sockets_is_reported(home: Path, folder: Path) -> None:
    ended = viewer(home, "--storage", str(folder), "--port", "0", RUNICORN_MAX_SOCKETS="many")
    assert ended.returncode == USAGE
    assert "RUNICORN_MAX_SOCKETS" in ended.stderr
