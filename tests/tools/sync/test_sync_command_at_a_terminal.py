"""`runicorn sync user@host:/store` at a terminal: questions, agents, and Ctrl-C."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from runicorn._platform import file_lock
from runicorn.store import find
from tests.folders import write_run
from tests.processes import environment
from tests.secrecy import holds, secret
from tests.sshd import Sshd, keygen
from tests.system_users import system_user
from tests.terminal import CTRL_C, Terminal, at_terminal
from tests.tools.sync.far import TalkativeSshd
from tests.waiting import until

pytestmark = pytest.mark.needs("sshd")
Sync = Callable[..., AbstractContextManager[Terminal]]
QUESTION = "Do you trust this host key?"
OFTEN = "from runicorn.cli import main; from runicorn_site.cli import sync; sync.WATCH_SECONDS = 0.5; main()"
"""`runicorn`, which watches a store at this interval."""


@pytest.fixture
def person(home: Path) -> Path:
    """The home of the user at the terminal."""
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    return home


@pytest.fixture
def sync(person: Path, folder: Path, server: Sshd) -> Sync:
    """Run `runicorn sync` of the store of `server` into `folder` at a terminal."""

    def begin(
        *options: str, store: str = "", program: tuple[str, ...] = ("-m", "runicorn"), **more: str
    ) -> AbstractContextManager[Terminal]:
        address = f"ssh://{server.username}@{server.host}:{server.port}{store or server.home / 'store'}"
        command = [sys.executable, *program, "sync", address, "--into", str(folder), *options]
        return at_terminal(command, environment(person, HOME=str(person), **more), person)

    return begin


def known_hosts(person: Path) -> str:
    texts = [path.read_text() for path in person.rglob("known_hosts")]
    return "".join(texts)


def runs(root: Path) -> set[str]:
    return {folder.rpartition("/")[2] for folder in find.all_runs(root)}


def halves(root: Path) -> list[str]:
    """Return files in folders of runs that are not files of a run."""
    return [
        path.name for path in root.glob("*/*/runs/*/*") if path.name.startswith(".") or "part" in path.name
    ]


def test_a_key_with_a_passphrase_is_asked_for_it(
    sync: Sync, server: Sshd, there: Path, folder: Path, person: Path
) -> None:
    run_id = write_run(there, "vision", "net")
    phrase = secret()
    locked = keygen(person / "locked", passphrase=phrase)
    server.authorized.write_text((person / "locked.pub").read_text())
    with sync("--key", str(locked)) as terminal:
        terminal.waits_for(QUESTION)
        assert "SHA256:" in terminal.said
        terminal.types("y")
        terminal.waits_for(f"Passphrase of {locked}:")
        terminal.types_unseen(phrase)
        assert terminal.ends() == 0, terminal.said
    assert runs(folder) == {run_id} and phrase not in terminal.said
    assert known_hosts(person) == server.known_hosts_line
    with sync("--key", str(locked)) as terminal:  # the host is known now
        terminal.waits_for("Passphrase of")
        terminal.types_unseen("wrong")
        assert terminal.ends() == 1 and "passphrase" in terminal.said.lower()
    assert QUESTION not in terminal.said


def test_without_confirming_the_host_key_nothing_is_fetched(
    sync: Sync, server: Sshd, there: Path, folder: Path, person: Path
) -> None:
    write_run(there, "vision", "net")
    shutil.copy(server.key, holds(person / ".ssh/id_ed25519"))
    with sync() as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("n")
        assert terminal.ends() == 1 and "Not connected." in terminal.said
    assert not runs(folder) and not known_hosts(person)
    with sync() as terminal:
        terminal.waits_for(QUESTION)
        assert terminal.gives_up() == 1 and "Aborted" in terminal.said
    assert not known_hosts(person)
    with sync() as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("y")
        assert terminal.ends() == 0, terminal.said  # with the usual key in ~/.ssh
    assert len(runs(folder)) == 1
    server.stop()
    keygen(server.host_key)
    server.start()
    with sync() as terminal:
        assert terminal.ends() == 1 and "may be intercepted" in terminal.said
    with sync(store="/nowhere/at/all") as terminal:
        assert terminal.ends() == 1


def test_a_password_is_asked_for_and_kept_nowhere(folder: Path, person: Path, tmp_path: Path) -> None:
    with system_user() as who:
        server = Sshd(tmp_path / "far", "PasswordAuthentication yes", "PubkeyAuthentication no").start()
        store = who.home / "store"
        store.mkdir()
        run_id = write_run(store, "vision", "net")
        command = [sys.executable, "-m", "runicorn", "sync", f"{who.name}@{server.host}:{store}"]
        command += ["--port", str(server.port), "--into", str(folder)]
        try:
            for password, code in ((f"not {who.password}", 1), (who.password, 0)):
                with at_terminal(command, environment(person, HOME=str(person)), person) as terminal:
                    if code:  # the first time
                        terminal.waits_for(QUESTION)
                        terminal.types("y")
                    terminal.waits_for(f"Password of {who.name} on {server.host}:")
                    terminal.types_unseen(password)
                    assert terminal.ends() == code, terminal.said
                    assert who.password not in terminal.said
        finally:
            server.stop()
        assert runs(folder) == {run_id}
        files = [path for path in person.rglob("*") if path.is_file()]
        assert files and not any(who.password.encode() in path.read_bytes() for path in files)


@pytest.fixture
def agent(person: Path) -> Iterator[dict[str, str]]:
    """Start an SSH agent with a key and return its variables."""
    socket = person / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    until(socket.exists)
    yield {"SSH_AUTH_SOCK": str(socket)}
    process.terminate()
    process.wait(60)


def test_an_agent_is_asked_first(
    sync: Sync, server: Sshd, there: Path, folder: Path, person: Path, agent: dict[str, str]
) -> None:
    run_id = write_run(there, "vision", "net")
    subprocess.run(["ssh-add", "-q", str(server.key)], env=environment(person, **agent), check=True)
    with sync(**agent) as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("y")
        assert terminal.ends() == 0, terminal.said
    assert runs(folder) == {run_id} and "Password" not in terminal.said


def test_watching_brings_new_runs_and_ends_with_ctrl_c(
    sync: Sync, server: Sshd, there: Path, folder: Path, person: Path
) -> None:
    first = write_run(there, "vision", "net")
    with sync("--key", str(server.key), "--watch", program=("-c", OFTEN)) as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("y")
        until(lambda: runs(folder) == {first})
        second = write_run(there, "vision", "other")
        until(lambda: runs(folder) == {first, second})
        terminal.presses(CTRL_C)
        assert terminal.ends() == 0, terminal.said
    assert "Traceback" not in terminal.said and not halves(folder)


def test_ctrl_c_ends_a_sync_that_waits_for_another_one(
    sync: Sync, server: Sshd, there: Path, folder: Path, person: Path
) -> None:
    write_run(there, "vision", "net")
    with sync("--key", str(server.key)) as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("y")
        assert terminal.ends() == 0, terminal.said
    (lock,) = folder.glob(".runicorn/sync/*/.sync.lock")
    with file_lock(lock), sync("--key", str(server.key)) as terminal:
        until(server.sessions)
        terminal.presses(CTRL_C)
        assert terminal.ends() == 130, terminal.said
    assert "Traceback" not in terminal.said


def test_ctrl_c_in_a_large_file_ends_at_once_and_the_next_visit_goes_on(
    sync: Sync, server: TalkativeSshd, there: Path, folder: Path, person: Path
) -> None:
    run = there / "vision/net/runs" / write_run(there, "vision", "net")
    with (run / "logs.txt").open("ab") as log:
        for number in range(120):
            log.write(bytes([number % 26 + 97]) * 2**20)
    parts = ".runicorn/sync/*/.sync_parts/*"

    def came() -> int:
        return sum(path.stat().st_size for path in folder.glob(parts))

    with sync("--key", str(server.key)) as terminal:
        terminal.waits_for(QUESTION)
        terminal.types("y")
        until(lambda: came() > 8 * 2**20)
        terminal.presses(CTRL_C)
        assert terminal.ends() == 130, terminal.said
    assert "Traceback" not in terminal.said
    had = came()
    mirrored = folder / run.relative_to(there) / "logs.txt"
    assert 8 * 2**20 < had < 120 * 2**20 and not mirrored.exists()
    with sync("--key", str(server.key), "--json") as terminal:
        assert terminal.ends() == 0, terminal.said
    assert mirrored.read_bytes() == (run / "logs.txt").read_bytes()
    assert f'"bytes_downloaded": {120 * 2**20}' not in terminal.said
