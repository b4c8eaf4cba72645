"""What can go wrong with another machine; each error knows its HTTP status, and says what to do.

NotServing         503  the loop of `remote/ssh/loop.py` does not run
NoAnswer           503  something took longer than it may
HostKeyConflict    409  the host's key is unknown or another one than before; the detail is an object
LoginRefused       401  the host does not let this user in with what was given
Unreachable        503  no connection: unknown name, refused, no answer in time, no SSH server
ConnectionCut      503  the connection ended in the middle of something
BadInput           400  a field makes no sense: host, username, port, key, path
BadKey             400  no key to read in it: one sentence for all reasons (`KEY_FILE`, `KEY_TEXT`, `PASSPHRASE`)
NoConnection       404  no live connection of that id
NoSuchPlace        404  no file or folder of that path over there
NoEnvironment      404  no environment of that name over there
NotAllowed         403  the user over there may not
Failed             503  a command or transfer over there failed
NobodyListens      503  no program listens on a port over there
NotKept            503  the configuration directory cannot be read or written
LocalPortTaken     409  the port on this side is taken
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

KEY_FILE = (
    "private_key_path: no private key could be read from it. "
    "Give the path of a key file on the viewer's machine that its user may read."
)
KEY_TEXT = "private_key: it holds no private key. Paste the whole text of the key, from BEGIN to END."
PASSPHRASE = "passphrase: the key is protected and this does not open it. Give the passphrase of the key."


class Trouble(Exception):
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


class Unavailable(Trouble):
    """Something outside did not do what it was asked to."""

    foreseen = True
    """No error of this program: its log needs no traceback."""
    status_code = HTTPStatus.SERVICE_UNAVAILABLE


class NotServing(Unavailable):
    """The part of the server that talks to other machines does not run."""

    def __init__(self) -> None:
        super().__init__("Remote module not available: the viewer is starting or stopping. Try again.")


class NoAnswer(Unavailable):
    """Something took longer than it may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The other machine did not answer within {seconds:.0f} s. Try again.")


class Unreachable(Unavailable):
    """No connection could be made."""


class ConnectionCut(Unavailable):
    """The connection ended in the middle of something."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The connection to {name} was lost. Connect again.")


class Failed(Unavailable):
    """A command or a transfer over there failed."""


class NotKept(Unavailable):
    """The configuration directory cannot be read or written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The configuration could not be read or written: {reason}")


class NobodyListens(Failed):
    """No program listens on a port over there."""


class HostKeyConflict(Trouble):
    """The host's key is unknown or changed; whoever asks is to compare fingerprints and accept it or not."""

    status_code = HTTPStatus.CONFLICT
    code = "HOST_KEY_CONFIRMATION_REQUIRED"

    def __init__(self, host_key: dict[str, Any]) -> None:
        super().__init__("Host key verification failed")
        self.detail = {
            "code": self.code,
            "message": "Host key verification failed",
            "host_key": host_key,
        }
        self.host_key = host_key


class LoginRefused(Trouble):
    """The host does not let this user in with what was given."""

    status_code = HTTPStatus.UNAUTHORIZED


class BadInput(Trouble):
    """A field makes no sense."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.errors = {field: [sentence]}


class BadKey(BadInput):
    """A key that cannot be used."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence.partition(":")[0], sentence)


class NoConnection(Trouble):
    """No live connection has that id."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, connection_id: str) -> None:
        super().__init__(f"Connection not found or inactive: {connection_id}")


class NoSuchPlace(Trouble):
    """Nothing is at that path over there."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no such file or folder on the other machine: {path}")


class NoEnvironment(Trouble):
    """No environment has that name over there."""

    status_code = HTTPStatus.NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__(f"Environment '{name}' not found. Please check the environment name.")


class NotAllowed(Trouble):
    """The user over there may not do that."""

    status_code = HTTPStatus.FORBIDDEN

    def __init__(self, path: str) -> None:
        super().__init__(f"The user on the other machine may not read or write {path}")


class LocalPortTaken(Trouble):
    """The port on this side is somebody's."""

    status_code = HTTPStatus.CONFLICT

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of this machine is taken: choose another, or none.")
