"""A real OpenSSH server on a free loopback port, with its own keys, home and settings."""

from __future__ import annotations

import getpass
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from tests.processes import command_of, free_port
from tests.secrecy import IN_KEYS, holds
from tests.waiting import until

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
PRIVSEP = Path("/run/sshd")


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Create a private key at `path` and its public key beside it as `.pub`."""
    path.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", IN_KEYS, "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return holds(path)


@cache
def _penalties() -> tuple[str, ...]:
    """Since 9.8, sshd blocks a host with many failed logins for a while, as the tests have."""
    version_output = subprocess.run([SSHD, "-V"], capture_output=True, text=True, check=False)
    version = re.search(r"OpenSSH_(\d+)\.(\d+)", version_output.stderr + version_output.stdout)
    newer = version is not None and (int(version[1]), int(version[2])) >= (9, 8)
    return ("PerSourcePenalties no",) if newer else ()


class Sshd:
    """An SSH server of the user who runs the tests.

    Commands of a login run with `HOME=<home>`; SFTP starts there.
    """

    host = "127.0.0.1"
    prefix: tuple[str, ...] = ()
    """Command to run the server with, such as one that enters a namespace."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.port = free_port()
        self.username = getpass.getuser()
        self.key = keygen(folder / "user_key")
        self.host_key = keygen(folder / "host_key")
        self.authorized = folder / "authorized_keys"
        self.authorized.write_text((folder / "user_key.pub").read_text())
        self.settings = settings
        self.subsystem = f'Subsystem sftp internal-sftp -d "{self.home}"'
        self.limits: dict[int, int] = {}
        """Limits of its processes, by their names in `resource`."""
        self.log = folder / "sshd.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def id(self) -> str:
        """The connection id of a login of this user."""
        return f"{self.username}@{self.host}:{self.port}"

    @property
    def public_key(self) -> str:
        """The host's public key without its comment."""
        return " ".join(self.host_key.with_name("host_key.pub").read_text().split()[:2])

    @property
    def known_hosts_line(self) -> str:
        """The line for a known_hosts file."""
        return f"[{self.host}]:{self.port} {self.public_key}\n"

    def login(self, **more: object) -> dict[str, object]:
        """A body for `/api/remote/connect` with the right key."""
        body = {"host": self.host, "port": self.port, "username": self.username}
        return {**body, "private_key_path": str(self.key), **more}

    def config(self) -> str:
        """The server's configuration."""
        lines = [
            *self.settings,  # sshd uses the first value of an option
            *(f"ListenAddress {self.host}", f"Port {self.port}", f"HostKey {self.host_key}"),
            *("PidFile none", "UsePAM no", "StrictModes no", "LogLevel VERBOSE", "UseDNS no"),
            *(f"AuthorizedKeysFile {self.authorized}", "PermitRootLogin yes", "PrintMotd no"),
            *("AllowTcpForwarding yes", "MaxSessions 50", "MaxStartups 100:30:200"),
            *_penalties(),
            f'SetEnv HOME="{self.home}" RUNICORN_CONFIG_DIR="{self.home}/.config/runicorn" '
            f'RUNICORN_DATA_DIR="{self.home}/.local/share/runicorn"',
            self.subsystem,
        ]
        return "\n".join(lines) + "\n"

    def start(self) -> Sshd:
        """Start listening; after `stop`, on the same port again."""
        if os.getuid() == 0:
            PRIVSEP.mkdir(mode=0o755, exist_ok=True)
        path = self.folder / "sshd_config"
        path.write_text(self.config())
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, SSHD, "-D", "-e", "-f", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # SIGXFSZ stays ignored, as in Python: writing too large a file fails instead.
                restore_signals=not self.limits,
            )
        for limit, value in self.limits.items():
            resource.prlimit(self.process.pid, limit, (value, value))
        until(self._listens)
        return self

    def _listens(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.output
        with socket.socket() as probe, suppress(OSError):
            probe.settimeout(5)
            probe.connect((self.host, self.port))
            # Its greeting: a connection alone may be accepted before it can answer, or by another process.
            return probe.recv(4) == b"SSH-"
        return False

    @property
    def output(self) -> str:
        """The log of the server."""
        return self.log.read_text(errors="replace")

    def sessions(self) -> list[psutil.Process]:
        """The processes of this server's logins and their commands."""
        if self.process is None:
            return []
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [process for process in children if command_of(process)]

    def logins(self) -> int:
        """The number of open logins."""
        return sum("[priv]" in command_of(process) for process in self.sessions())

    def cut(self) -> None:
        """Kill every login, as a broken network does; the server goes on listening."""
        for process in self._frozen():
            if command_of(process).startswith("sshd"):
                _kill(process)
            else:
                _resume(process)

    def _frozen(self) -> list[psutil.Process]:
        """Stop and return all processes of logins; one that forks while others are killed would leave an orphan."""
        frozen: list[psutil.Process] = []
        while fresh := [process for process in self.sessions() if process not in frozen]:
            for process in fresh:
                with suppress(psutil.Error):
                    process.suspend()
            frozen += fresh
        return frozen

    def go_away(self) -> None:
        """Kill the server and its logins but not their commands, as a lost network does."""
        assert self.process is not None
        logins = [process for process in self.sessions() if command_of(process).startswith("sshd")]
        self.process.terminate()
        self.process.wait(60)
        self.process = None
        for login in logins:
            _kill(login)

    def stop(self) -> None:
        """End the server and every login."""
        if self.process is None:
            return
        self.process.send_signal(
            signal.SIGSTOP
        )  # a client that reconnects at once would get a login that outlives the server
        for process in self._frozen():
            _kill(process)
        self.process.kill()
        self.process.wait(60)
        self.process = None


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.kill()


def _resume(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.resume()
