"""What can go wrong with another machine; each error knows its HTTP status, and says what to do.

LoopNotRunning         503  the loop of `remote/ssh/loop.py` does not run
RemoteTimeout           503  something took longer than it may
HostKeyConflict    409  the host's key is unknown or another one than before; the detail is an object
AuthenticationFailed       401  the host does not let this user in with what was given
HostUnreachable        503  no connection: unknown name, refused, no answer in time, no SSH server
ConnectionLost      503  the connection ended in the middle of something
InvalidInput           400  a field makes no sense: host, username, port, key, path
InvalidKey             400  contains no readable key: one sentence for all reasons (`KEY_FILE`, `KEY_TEXT`, `PASSPHRASE`)
ConnectionNotFound       404  no open connection of that id
RemotePathNotFound        404  no such file or folder on the remote host
EnvironmentNotFound      404  no such environment on the remote host
RemotePermissionDenied         403  the remote user lacks the permission
RemoteOperationFailed             503  a command or transfer on the remote host failed
PortClosed      503  no program listens on a port of the remote host
ConfigurationUnavailable            503  the configuration directory cannot be read or written
LocalPortInUse     409  the port on this side is taken
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from runicorn.api.responses.remote import PresentedHostKey

KEY_FILE = (
    "private_key_path: no private key could be read from it. "
    "Give the path of a key file on the viewer's machine that its user may read."
)
KEY_TEXT = "private_key: it holds no private key. Paste the whole text of the key, from BEGIN to END."
PASSPHRASE = "passphrase: the key is protected and this does not open it. Give the passphrase of the key."


class RemoteError(Exception):
    """Something about another machine; `runicorn_site/errors.py` makes the answer of it.

    Not of the web framework's kind: the command line meets these errors too, and would load all of it for them.

    Attributes:
        detail: a sentence, or for the host key conflict an object.
        status_code: of the answer.
    """

    status_code: int = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence)
        self.detail: Any = sentence


class RemoteUnavailable(RemoteError):
    """Something outside did not do what it was asked to."""

    foreseen = True
    """No error of this program: its log needs no traceback."""
    status_code = HTTPStatus.SERVICE_UNAVAILABLE


class LoopNotRunning(RemoteUnavailable):
    """The part of the server that talks to other machines does not run."""

    def __init__(self) -> None:
        super().__init__("Remote module not available: the viewer is starting or stopping. Try again.")


class RemoteTimeout(RemoteUnavailable):
    """Something took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The other machine did not answer within {seconds:.0f} s. Try again.")


class HostUnreachable(RemoteUnavailable):
    """No connection could be made."""


class ConnectionLost(RemoteUnavailable):
    """The connection ended in the middle of something."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The connection to {name} was lost. Connect again.")


class RemoteOperationFailed(RemoteUnavailable):
    """A command or a transfer over there failed."""


class ConfigurationUnavailable(RemoteUnavailable):
    """The configuration directory cannot be read or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The configuration could not be read or written: {reason}")


class PortClosed(RemoteOperationFailed):
    """No program listens on a port over there."""


class HostKeyConflict(RemoteError):
    """The host's key is unknown or changed; whoever asks is to compare fingerprints and accept it or not."""

    status_code = HTTPStatus.CONFLICT
    code = "HOST_KEY_CONFIRMATION_REQUIRED"

    def __init__(self, host_key: PresentedHostKey) -> None:
        super().__init__("Host key verification failed")
        self.detail = {
            "code": self.code,
            "message": "Host key verification failed",
            "host_key": host_key,
        }
        self.host_key = host_key


class AuthenticationFailed(RemoteError):
    """The host does not let this user in with what was given."""

    status_code = HTTPStatus.UNAUTHORIZED


class InvalidInput(RemoteError):
    """A field makes no sense."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {field: [sentence]}


class InvalidKey(InvalidInput):
    """A key that cannot be used."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence.partition(":")[0], sentence)


class ConnectionNotFound(RemoteError):
    """No live connection has that id."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, connection_id: str) -> None:
        super().__init__(f"Connection not found or inactive: {connection_id}")


class RemotePathNotFound(RemoteError):
    """Nothing is at that path over there."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no such file or folder on the other machine: {path}")


class EnvironmentNotFound(RemoteError):
    """No environment has that name over there."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__(f"Environment '{name}' not found. Please check the environment name.")


class RemotePermissionDenied(RemoteError):
    """The user over there may not do that."""

    status_code = HTTPStatus.FORBIDDEN

    def __init__(self, path: str) -> None:
        super().__init__(f"The user on the other machine may not read or write {path}")


class LocalPortInUse(RemoteError):
    """The port on this side is somebody's."""

    status_code = HTTPStatus.CONFLICT

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of this machine is taken: choose another, or none.")
