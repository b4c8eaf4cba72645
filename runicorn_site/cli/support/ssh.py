"""SSH connection of a terminal user: agent, keys, password, and confirmation of unknown host keys."""

from __future__ import annotations

import getpass
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runicorn_site.cli.support.server import use_server
from runicorn_tools.cli.support import common
from runicorn_tools.cli.support.exits import FAILED, NOT_AVAILABLE, USAGE

if TYPE_CHECKING:
    from runicorn_tools.sync.result import SyncResult

TARGET = re.compile(r"(?:(?P<user>[^@/]+)@)?(?P<host>\[[^\]]+\]|[^:/@\[\]]+):(?P<path>.+)", re.DOTALL)
USUAL_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


class Unreachable(Exception):
    """The remote host could not be reached, or the connection was lost.

    Attributes:
        is_temporary: whether a retry may succeed.
    """

    def __init__(self, sentence: str, code: int, is_temporary: bool) -> None:
        super().__init__(sentence)
        self.code = code
        self.is_temporary = is_temporary


class Target(NamedTuple):
    """User, host, port and path of a remote store."""

    user: str
    host: str
    port: int
    path: str


def target(text: str, port: int) -> Target:
    """Parse `user@host:/path` or `ssh://user@host:port/path`.

    Raises:
        ValueError: it has another form.
    """
    if text.startswith("ssh://"):
        parts = urlsplit(text)
        if not parts.hostname or not parts.path:
            raise ValueError("An address must be like ssh://user@host:22/data/store.")
        return Target(
            parts.username or getpass.getuser(), parts.hostname, parts.port or port, unquote(parts.path)
        )
    match = TARGET.fullmatch(text)
    if match is None:
        raise ValueError("The remote store must be like user@host:/data/store.")
    return Target(match["user"] or getpass.getuser(), match["host"].strip("[]"), port, match["path"])


class RemoteStore:
    """A remote host; connected within the context."""

    def __init__(self, where: Target, key: Path | None) -> None:
        self._where = where
        self._key = key
        self._link: Any = None
        self._locked = False
        self._credentials: Any = None

    @classmethod
    def of(cls, text: str, port: int, key: Path | None) -> RemoteStore:
        """Parse an address; exit if it is invalid."""
        use_server()
        try:
            where = target(text, port)
        except ValueError as error:
            common.exit_with(str(error), USAGE)
        return cls(where, key)

    def __enter__(self) -> RemoteStore:
        from remote.ssh.loop import loop

        loop.start()
        return self

    def __exit__(self, *_: object) -> None:
        from remote.ssh.loop import loop

        loop.stop(self._link.close if self._link is not None else None, timeout=5)

    def mirror(self, into: Path, python: str, artifacts: bool) -> SyncResult:
        """Sync once, connecting first if necessary.

        Raises:
            Unreachable: the connection failed or was lost.
            KeyboardInterrupt: Ctrl-C; partial files are kept for the next sync.
            OSError: a remote file could not be read, or a local one could not be written.
        """
        from remote import errors
        from remote.ssh.mirror import MirrorStopped, RemoteMirror

        try:
            if self._link is None or self._link.ended.is_set():
                self._link = self._connect()
            with _bar() as progress:
                mirror = RemoteMirror(
                    self._link, self._where.path, into, python, progress, artifacts=artifacts
                )
                with _stopped_by_ctrl_c(mirror):
                    return mirror.run()
        except MirrorStopped:
            raise KeyboardInterrupt from None
        except FileNotFoundError as error:
            if error.filename != self._where.path:
                raise
            raise Unreachable(
                f"{self._where.path} does not exist on {self._where.host}.", NOT_AVAILABLE, False
            ) from error
        except (errors.HostUnreachable, errors.RemoteUnavailable) as error:
            raise Unreachable(str(error.detail), NOT_AVAILABLE, True) from error

    def _connect(self) -> Any:
        from remote import errors
        from remote.ssh import address as addresses
        from remote.ssh import login
        from remote.ssh.loop import loop

        try:
            address = addresses.address(self._where.host, self._where.port, self._where.user)
        except addresses.InvalidAddress as error:
            raise Unreachable(str(error), USAGE, False) from error
        refused = ""
        for credentials in self._attempts():
            try:
                link = self._trusted(
                    lambda login_credentials=credentials: loop.run(
                        login.connect(address, login_credentials), 60
                    )
                )
            except errors.AuthenticationFailed as error:
                refused = str(error.detail)
                continue
            except errors.InvalidKey as error:
                # A default key with a passphrase is left to the agent.
                self._locked, refused = True, str(error.detail)
                continue
            self._credentials = credentials
            return link
        raise Unreachable(
            refused or "There is no SSH agent, no key, and no terminal to ask for a password.", FAILED, False
        )

    def _trusted(self, connect: Any) -> Any:
        """Connect; show an unknown host key at the terminal and ask for confirmation."""
        from remote import errors
        from remote.ssh import host_keys
        from remote.ssh.known_hosts import public_key

        try:
            return connect()
        except errors.HostKeyConflict as conflict:
            about = conflict.host_key
            place, fingerprint = f"{about['host']} port {about['port']}", about["fingerprint_sha256"]
            if about["reason"] != "unknown":
                sentence = (
                    f"The host key of {place} is {fingerprint} and differs from the known one: the connection may be intercepted."
                    f" If the host was reinstalled, remove its line from {host_keys.path()}."
                )
                raise Unreachable(sentence, FAILED, False) from conflict
            if not common.is_interactive():
                sentence = (
                    f"The key of {place} is unknown ({fingerprint}), and there is no terminal to confirm it."
                )
                raise Unreachable(sentence, FAILED, False) from conflict
            typer.echo(common.printable(f"The {about['key_type']} key of {place} is {fingerprint}."))
            if not typer.confirm("Do you trust this host key?"):
                raise Unreachable("Not connected.", FAILED, False) from conflict
            host_keys.accept(str(about["host"]), int(about["port"]), public_key(str(about["public_key"])))
        return connect()

    def _introduced(self) -> Iterator[Any]:
        """Connect without credentials first, so that an unknown host key is confirmed before a secret is typed."""
        from remote.ssh import host_keys, known_hosts
        from remote.ssh.credentials import Credentials

        if not known_hosts.keys_of(host_keys.content(), self._where.host, self._where.port):
            yield Credentials(use_agent=False)

    def _attempts(self) -> Iterator[Any]:
        from remote.ssh.credentials import Credentials

        if self._credentials is not None:
            yield self._credentials
            return
        if self._key is not None:
            path = str(self._key.expanduser().absolute())
            yield Credentials(private_key_path=path, use_agent=False)
            if self._locked and common.is_interactive():
                yield from self._introduced()
                phrase = typer.prompt(f"Passphrase of {self._key}", hide_input=True)
                yield Credentials(private_key_path=path, passphrase=phrase, use_agent=False)
            return
        if os.environ.get("SSH_AUTH_SOCK"):
            yield Credentials()
        for name in USUAL_KEYS:
            usual = Path(os.path.expanduser("~/.ssh")) / name
            if usual.is_file():
                yield Credentials(private_key_path=str(usual), use_agent=False)
        if common.is_interactive():
            yield from self._introduced()
            question = f"Password of {self._where.user} on {self._where.host}"
            yield Credentials(password=typer.prompt(question, hide_input=True), use_agent=False)


@contextmanager
def _stopped_by_ctrl_c(visit: Any) -> Iterator[None]:
    """Disconnect on Ctrl-C: an exception would wait for running transfers, however large."""
    before = signal.signal(signal.SIGINT, lambda number, frame: visit.stop(keep_partial=True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _bar:
    """Progress bar of files, at a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task: Any = None

    def __enter__(self) -> Any:
        self._progress.start()
        return self._advance

    def __exit__(self, *problem: object) -> None:
        self._progress.stop()

    def _advance(self, count: int, total: int, path: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task("Fetching", total=total)
        self._progress.update(self._task, completed=count, total=total)
