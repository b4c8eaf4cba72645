"""Protocol between a viewer and the remote viewer it starts: launch request, status report, heartbeat, one-time links.

The local viewer runs `<python> -P -m runicorn viewer --remote-mode` over SSH and writes one line of JSON, the launch
request, to standard input, so that no process list or shell sees it. The remote viewer answers with one line of JSON on
standard output, the status report. Login scripts may print other lines before either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, fields
from typing import Any

from runicorn._version import FULL

IMPLEMENTATION = FULL
"""Distinguishes this program from the other `runicorn` on package indexes."""

OLDEST = (1, 0, 0)
"""First version that this one is compatible with."""

OLDEST_PYTHON = (3, 11)

SESSION_PATH = "/remote-session"
"""Path of heartbeats (POST) and of the request to stop (DELETE), both with `Authorization: Session <stamp>`."""

OPEN, HEARTBEAT, END = "open", "beat", "end"
"""Purposes of stamps."""

STAMP_SECONDS = 300
PATIENCE_SECONDS = 120.0
LONGEST_LINE = 64 * 1024
LONGEST_VERSION = 100
LARGEST_PID = 2**31 - 1
MOST_SECONDS = 1e11
"""Upper limit of Unix seconds, reached in the year 5138."""


class BadLine(ValueError):
    """A line is no valid launch request or status report; the text says why."""


@dataclass(frozen=True)
class LaunchRequest:
    """Settings of a remote viewer to launch."""

    session: str
    """Session id; a new viewer with the same session and root replaces the earlier one."""
    token: str
    root: str = ""
    """Storage root, where `~` is the remote home; "" for the default one."""
    port: int = 0
    """Port to listen on; 0 for any free one."""
    patience: float = PATIENCE_SECONDS
    """Seconds without a heartbeat after which it exits."""


@dataclass(frozen=True)
class StatusReport:
    """State of the remote viewer, sent once it serves and with each heartbeat."""

    implementation: str
    version: str
    port: int
    pid: int
    root: str
    time: float
    """Clock of the remote host, Unix seconds."""
    proof: str = ""
    """Shows that the sender has the token; see `proof`."""


def line(message: LaunchRequest | StatusReport) -> str:
    """Encode a message as one line, newline included."""
    return json.dumps(asdict(message)) + "\n"


def parse_launch_request(text: str) -> LaunchRequest:
    """Parse a launch request.

    Raises:
        BadLine: the line is not a valid launch request.
    """
    content = _fields(text, LaunchRequest)
    try:
        request = LaunchRequest(**content)
    except TypeError as error:
        raise BadLine("session and token are missing") from error
    if not (request.session and request.token and 0 <= request.port <= 65535 and request.patience > 0):
        raise BadLine("session, token, port or patience is invalid")
    return request


def parse_status_report(text: str) -> StatusReport:
    """Parse a status report.

    Raises:
        BadLine: the line is not a valid report, or another program's.
    """
    content = _fields(text, StatusReport)
    try:
        report = StatusReport(**content)
    except TypeError as error:
        raise BadLine("fields are missing") from error
    if report.implementation != IMPLEMENTATION:
        raise BadLine("sent by another program")
    # A remote host is not trusted: these values are stored, shown on pages and used in calculations.
    numbers = 0 < report.port <= 65535 and 0 < report.pid <= LARGEST_PID and 0 <= report.time < MOST_SECONDS
    if not numbers or not all(text.isprintable() for text in (report.version, report.proof)):
        raise BadLine("port, pid, time, version or proof is invalid")
    if len(report.version) > LONGEST_VERSION or not _is_text(report.root):
        raise BadLine("version or root is invalid")
    return report


def _is_text(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _fields(text: str, kind: type[LaunchRequest] | type[StatusReport]) -> dict[str, Any]:
    try:
        content = json.loads(text[:LONGEST_LINE])
    except (ValueError, RecursionError) as error:
        raise BadLine("not JSON") from error
    if not isinstance(content, dict):
        raise BadLine("not a JSON object")
    kinds = {"str": (str,), "int": (int,), "float": (int, float)}
    types_by_name = {field.name: kinds[str(field.type)] for field in fields(kind)}
    for name, types in types_by_name.items():
        if name in content and (not isinstance(content[name], types) or isinstance(content[name], bool)):
            raise BadLine(f"{name} has the wrong type")
    return {name: value for name, value in content.items() if name in types_by_name}


def is_compatible(version: str) -> bool:
    """Whether this viewer supports a remote viewer of `version`."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    release = tuple(int(part) for part in numbers[0].split(".")) if numbers else ()
    return release + (0,) * (3 - len(release)) >= OLDEST


def make_stamp(token: str, purpose: str, now: float) -> str:
    """Return a text that proves once, for five minutes, knowledge of the token without revealing it.

    Args:
        purpose: `OPEN` (a browser, by `?once=`), `HEARTBEAT` or `END`.
        now: clock of the remote host, Unix seconds.
    """
    text = f"{int(now)}.{secrets.token_urlsafe(12)}"
    return f"{text}.{_signature(token, purpose, text)}"


def stamp_time(token: str, purpose: str, stamp: str) -> float | None:
    """Return when a stamp was made, in Unix seconds; None when its token or purpose is another."""
    text, _, signature = stamp.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(token, purpose, text).encode()):
        return None
    return float(text.partition(".")[0])


def proof(token: str, stamp: str) -> str:
    """Return the answer to a stamp that requires the token: another program may have taken over the port."""
    return _signature(token, "answer", stamp)


def client_token(token: str) -> str:
    """Return the token that programs may show to a viewer; it opens the API and makes no stamps."""
    return _signature(token, "client", "api")


def _signature(token: str, purpose: str, text: str) -> str:
    return hmac.new(token.encode(), f"{purpose} {text}".encode(), hashlib.sha256).hexdigest()
