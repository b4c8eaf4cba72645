"""User text reaches a remote host unchanged, and no shell runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from remote.ssh.address import InvalidAddress, address, from_id
from remote.ssh.loop import LoopThread
from remote.ssh.pool import pool
from remote.ssh.shell import NotACommand, command_line
from tests.sshd import Sshd

SAY = "import json, os, sys; print(json.dumps([list(os.fsencode(a)) for a in sys.argv[1:]]))"
SHELLS = ["sh", "bash", "dash", "zsh", "fish", "tcsh"]
TRAP = "touch trapped"
HOSTILE = [
    "",
    " ",
    "a b",
    "a  b ",
    "'",
    '"',
    "''\"\"",
    f"'; {TRAP} #",
    f'"; {TRAP} #',
    f"\\'; {TRAP} #",
    f"\\\\'; {TRAP} #",
    f"$({TRAP})",
    f"`{TRAP}`",
    f"; {TRAP}",
    f"| {TRAP}",
    f"&& {TRAP}",
    f"\n{TRAP}\n",
    f"a\r\n{TRAP}",
    "a\n",
    "$HOME",
    "${IFS}",
    "~",
    "~root",
    "*",
    "[a-z]*",
    "{a,b}",
    "!!",
    "!1",
    "^a^b",
    "=ls",
    "%1",
    "#",
    "-",
    "--",
    "-oProxyCommand=touch trapped",
    "-c",
    "--help",
    "\\",
    "a\\",
    "\\n",
    "\\0101",
    "%s%s%n",
    "A=b",
    "\t",
    "\x1b[2J",
    "\x7f",
    "é",
    "日本語",
    "🦄",
    "\u202e",
    "x" * 5000,
]


def hears(shell: str, arguments: list[str], folder: Path) -> list[str]:
    """Return the arguments of a program when a login shell runs our line, as sshd does."""
    line = command_line([sys.executable, "-c", SAY, *arguments])
    process = subprocess.run([shell, "-c", line], capture_output=True, cwd=folder, timeout=60, check=False)
    assert process.returncode == 0, process.stderr
    return [bytes(argument).decode() for argument in json.loads(process.stdout)]


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=pytest.mark.needs(shell)) for shell in SHELLS])
def test_every_shell_passes_the_exact_arguments(shell: str, tmp_path: Path) -> None:
    assert hears(shell, HOSTILE, tmp_path) == HOSTILE
    assert not list(tmp_path.iterdir())


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
pieces = st.lists(st.sampled_from([*"'\"\\$`!;&|<>(){}[]*?~#= \n\t\r%^-", "$(", "touch x", "a"]), max_size=12)


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=pytest.mark.needs(shell)) for shell in SHELLS])
def test_any_text_is_passed_unchanged(shell: str, tmp_path: Path) -> None:
    @settings(max_examples=6, database=None, derandomize=True)
    @given(st.lists(texts | pieces.map("".join), min_size=1, max_size=20))
    def holds(arguments: list[str]) -> None:
        assert hears(shell, arguments, tmp_path) == arguments

    holds()
    assert not list(tmp_path.iterdir())


@pytest.mark.torture
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_many_texts_are_passed_unchanged(shell: str, tmp_path: Path) -> None:
    @settings(database=None)
    @given(st.lists(texts | pieces.map("".join), min_size=1, max_size=20))
    def holds(arguments: list[str]) -> None:
        assert hears(shell, arguments, tmp_path) == arguments

    holds()


@pytest.mark.parametrize("argument", ["a\0b", "\ud800"])
def test_arguments_that_no_program_can_receive_are_refused(argument: str) -> None:
    with pytest.raises(NotACommand):
        command_line(["echo", argument])


@pytest.mark.needs("sshd")
def test_a_remote_program_receives_the_exact_arguments(known_sshd: Sshd, remote_loop: LoopThread) -> None:
    from tests.server.remote.test_login_uses_only_the_given_credentials import open_with

    connection = open_with(remote_loop, known_sshd, private_key_path=str(known_sshd.key))
    result = remote_loop.run(connection.link.run(sys.executable, "-c", SAY, *HOSTILE), 20)
    assert [bytes(argument).decode() for argument in json.loads(result.stdout)] == HOSTILE


BAD_USERS = [
    "",
    " ",
    "a b",
    "-oProxyCommand=touch trapped",
    "-l",
    "a\nb",
    "a\0b",
    "a\x1bb",
    "a\u200eb",
    "x" * 256,
]
BAD_HOSTS = [
    "",
    " gpu",
    "gpu ",
    "g pu",
    "-oProxyCommand=touch trapped",
    "gpu;ls",
    "$(touch trapped)",
    "gpu\n",
    "a,b",
    "*.example.org",
    "gpu:22",
    "gpu/..",
    "user@gpu",
    "[gpu]",
    "[::1",
    "::1%$(id)",
    "1",
    "0177.1",
    "256.1.1.1",
    ".gpu",
    "gpu..org",
    "x" * 64,
    "a." * 130,
    "gpu\0",
    "日 本",
]


@pytest.mark.django_db
def test_an_invalid_host_is_bad_input(
    api: APIClient, remote_loop: LoopThread, subtests: pytest.Subtests
) -> None:
    for host in BAD_HOSTS:
        with subtests.test(host=host):
            for route in ("connect", "disconnect"):
                answer = api.post(
                    f"/api/remote/{route}", {"host": host, "username": "me", "password": "secret"}
                )
                assert answer.status_code == 400
                assert not answer.json()["errors"]["host"][0].startswith("host:")
                assert "secret" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("user", BAD_USERS)
def test_an_invalid_username_is_bad_input(api: APIClient, remote_loop: LoopThread, user: str) -> None:
    answer = api.post(
        "/api/remote/connect", {"host": "127.0.0.1", "port": 1, "username": user, "password": "x"}
    )
    assert answer.status_code == 400
    assert "username" in answer.json()["errors"]


@pytest.mark.parametrize(
    ("host", "usual"),
    [
        ("GPU.Example.ORG", "gpu.example.org"),
        ("gpu_1", "gpu_1"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("gpu.example.org.", "gpu.example.org."),
    ],
)
def test_a_host_is_normalized(host: str, usual: str) -> None:
    place = address(host, 22, "me")
    assert place.host == usual
    assert from_id(place.id) == place


@pytest.mark.parametrize("user", ["me", "me@corp", "DOMAIN\\me", "a:b", "é", "a'b", "$(id)", "o;ls"])
def test_an_unusual_username_is_accepted(user: str) -> None:
    place = address("::1", 2222, user)
    assert place.id == f"{user}@[::1]:2222"
    assert from_id(place.id) == place


@pytest.mark.parametrize(
    "text", ["", "me", "me@", "@gpu:1", "me@gpu", "me@gpu:", "me@gpu:0", "me@::1:22", "a b@gpu:1"]
)
def test_an_invalid_connection_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        from_id(text)


@pytest.mark.needs("sshd")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("user", ["$(touch${IFS}trapped)", "a'b", "a;ls", "é", "DOMAIN\\me", "'\"`"])
def test_an_unusual_username_is_passed_as_a_name(
    api: APIClient, known_sshd: Sshd, remote_loop: LoopThread, user: str
) -> None:
    answer = api.post("/api/remote/connect", known_sshd.login(username=user))
    assert answer.status_code == 401
    assert not pool.all()


@pytest.mark.needs("sshd")
@pytest.mark.django_db(transaction=True)
def test_paths_and_environment_names_are_not_interpreted(
    api: APIClient, known_sshd: Sshd, remote_loop: LoopThread
) -> None:
    api.post("/api/remote/connect", known_sshd.login())
    connection = {"connection_id": known_sshd.id}
    for text in [text for text in HOSTILE if text]:
        there = known_sshd.home / text.replace("/", "")[:200]
        if not text.startswith("~") and text != " ":
            there.mkdir()
            (there / "inside").write_text("x")
            answer = api.get("/api/remote/fs/list", connection | {"path": str(there)})
            assert [item["name"] for item in answer.json()["items"]] == ["inside"], text
            answer = api.get("/api/remote/fs/exists", connection | {"path": f"~/{there.name}/inside"})
            assert answer.json() == {"path": f"{there}/inside", "exists": True, "is_dir": False}, text
            shutil.rmtree(there)
    # Each search covers all Pythons of the machine and is slow, so a sample stands for all.
    for text in [
        *[text for text in HOSTILE if TRAP in text][::2],
        "-oProxyCommand=touch trapped",
        "--",
        "a\n",
    ]:
        answer = api.get("/api/remote/config", connection | {"conda_env": text})
        assert answer.status_code == 404, text
    names = [path.name for path in known_sshd.home.iterdir()]
    assert not [name for name in names if "trapped" in name]
