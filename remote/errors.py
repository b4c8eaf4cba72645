"""Errors on remote hosts. Each carries its HTTP status and a sentence that says what to do.

Not DRF exceptions: the CLI handles these errors too and would load DRF for them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from runicorn.message import Message, gettext_noop

if TYPE_CHECKING:
    from runicorn.api.responses.remote import PresentedHostKey

KEY_FILE = gettext_noop(
    "private_key_path: not a readable private key. "
    "Enter the path of a key file on the viewer's machine that its user may read."
)
KEY_TEXT = gettext_noop("private_key: not a private key. Paste the whole text of the key, from BEGIN to END.")
PASSPHRASE = gettext_noop(
    "passphrase: this passphrase does not decrypt the key. Enter the passphrase of the key."
)


class RemoteError(Exception):
    """Base class of errors on remote hosts; mapped to HTTP responses in `runicorn_site/errors.py`.


    Attributes:
        detail: a sentence, or an object for a host key conflict.
    """

    status_code: int = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, sentence: str = "", **values: object) -> None:
        """Create an error with a sentence, or with a template and its values."""
        message = Message(sentence, **values)
        super().__init__(message)
        self.detail: Any = message


class RemoteUnavailable(RemoteError):
    """Base class of failures outside this program, logged without a traceback."""

    foreseen = True
    status_code = HTTPStatus.SERVICE_UNAVAILABLE


class LoopNotRunning(RemoteUnavailable):
    """The event loop for SSH connections is not running."""

    def __init__(self) -> None:
        super().__init__("Remote module not available: the viewer is starting or stopping. Try again.")


class RemoteTimeout(RemoteUnavailable):
    """The remote host did not respond in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            "The remote host did not answer within {seconds} s. Try again.", seconds=f"{seconds:.0f}"
        )


class HostUnreachable(RemoteUnavailable):
    """The connection could not be made: unknown name, refused, timeout, or no SSH server."""


class ConnectionLost(RemoteUnavailable):
    def __init__(self, name: str) -> None:
        super().__init__("The connection to {name} was lost. Connect again.", name=name)


class RemoteOperationFailed(RemoteUnavailable):
    """A command or transfer on the remote host failed."""


class ConfigurationUnavailable(RemoteUnavailable):
    """The configuration directory cannot be read or written."""

    def __init__(self, reason: str) -> None:
        super().__init__("The configuration could not be read or written: {reason}", reason=reason)


class PortClosed(RemoteOperationFailed):
    """No program listens on a port of the remote host."""


class HostKeyConflict(RemoteError):
    """The host key is unknown or changed; the user must compare fingerprints and accept or reject it."""

    status_code = HTTPStatus.CONFLICT
    code = "HOST_KEY_CONFIRMATION_REQUIRED"

    def __init__(self, host_key: PresentedHostKey) -> None:
        super().__init__("Host key verification failed")
        self.detail = {
            "code": self.code,
            "message": Message("Host key verification failed"),
            "host_key": host_key,
        }
        self.host_key = host_key


class AuthenticationFailed(RemoteError):
    status_code = HTTPStatus.UNAUTHORIZED


class InvalidInput(RemoteError):
    """A field is invalid: host, username, port, key or path."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, field: str, sentence: str, **values: object) -> None:
        super().__init__(sentence, **values)
        self.errors = {field: [self.detail]}


class InvalidKey(InvalidInput):
    """No private key can be read; one message for each of file, text and passphrase, whatever the reason."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence.partition(":")[0], sentence)


class ConnectionNotFound(RemoteError):
    """No open connection has that id."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, connection_id: str) -> None:
        super().__init__("Connection not found or inactive: {connection_id}", connection_id=connection_id)


class RemotePathNotFound(RemoteError):
    """The path does not exist on the remote host."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, path: str) -> None:
        super().__init__("No such file or folder on the remote host: {path}", path=path)


class EnvironmentNotFound(RemoteError):
    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__("Environment '{name}' not found. Please check the environment name.", name=name)


class RemotePermissionDenied(RemoteError):
    status_code = HTTPStatus.FORBIDDEN

    def __init__(self, path: str) -> None:
        super().__init__("The remote user may not read or write {path}", path=path)


class LocalPortInUse(RemoteError):
    status_code = HTTPStatus.CONFLICT

    def __init__(self, port: int) -> None:
        super().__init__(
            "Port {port} of this machine is in use. Choose another port or leave it empty.", port=port
        )
