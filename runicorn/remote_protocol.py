"""What the two ends of a remote viewer agree on: the order that starts it, its report, its heartbeat, its one-time links.

The near side runs `<python> -P -m runicorn viewer --remote-mode` over SSH and writes one line of JSON, the order, to its
standard input: nothing of it is seen in a list of processes or read by a shell. The far side answers with one line of
JSON on its standard output, the report. Both lines may stand among others: login scripts like to say something.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, fields
from typing import Any

IMPLEMENTATION = "runicorn-django"
"""Tells this program from the other `runicorn` that package indexes offer."""

OLDEST = (1, 0, 0)
"""The first version that a viewer of this one can talk to."""

OLDEST_PYTHON = (3, 11)

SESSION_PATH = "/remote-session"
"""Where the far side takes heartbeats (POST) and the word to end (DELETE), both as `Authorization: Session <stamp>`."""

OPEN, BEAT, END = "open", "beat", "end"
"""What a stamp is good for."""

STAMP_SECONDS = 300
PATIENCE_SECONDS = 120.0
LONGEST_LINE = 64 * 1024
LONGEST_VERSION = 100
LARGEST_PID = 2**31 - 1
MOST_SECONDS = 1e11
"""Unix seconds are fewer until the year 5138; no number, not even infinity, is allowed beyond."""


class BadLine(ValueError):
    """A line is no order, or no report; the text says what is wrong with it."""


@dataclass(frozen=True)
class Order:
    """What the far side is told."""

    session: str
    """Names the session; a later viewer of the same session and root takes the place of an earlier one."""
    token: str
    root: str = ""
    """The storage root, where `~` is the home of the far side; without it the usual one."""
    port: int = 0
    """Where to listen; 0 for any free port."""
    patience: float = PATIENCE_SECONDS
    """Seconds without a heartbeat after which it ends."""


@dataclass(frozen=True)
class Report:
    """What the far side says of itself, when it serves and with each heartbeat."""

    implementation: str
    version: str
    port: int
    pid: int
    root: str
    time: float
    """The far clock, Unix seconds."""
    proof: str = ""
    """Of an answer: that who gives it knows the token."""


def line(message: Order | Report) -> str:
    """An order or a report as a line, newline included."""
    return json.dumps(asdict(message)) + "\n"


def read_order(text: str) -> Order:
    """The order in a line.

    Raises:
        BadLine: it is none.
    """
    content = _fields(text, Order)
    try:
        order = Order(**content)
    except TypeError as error:
        raise BadLine("session and token are missing") from error
    if not (order.session and order.token and 0 <= order.port <= 65535 and order.patience > 0):
        raise BadLine("session, token, port or patience makes no sense")
    return order


def read_report(text: str) -> Report:
    """The report in a line.

    Raises:
        BadLine: it is none, or another program's.
    """
    content = _fields(text, Report)
    try:
        report = Report(**content)
    except TypeError as error:
        raise BadLine("fields are missing") from error
    if report.implementation != IMPLEMENTATION:
        raise BadLine("it is another program's")
    # What another machine says is written into rows, shown on pages and reckoned with.
    numbers = 0 < report.port <= 65535 and 0 < report.pid <= LARGEST_PID and 0 <= report.time < MOST_SECONDS
    if not numbers or not all(text.isprintable() for text in (report.version, report.proof)):
        raise BadLine("port, pid, time, version or proof makes no sense")
    if len(report.version) > LONGEST_VERSION or not _is_text(report.root):
        raise BadLine("version or root makes no sense")
    return report


def _is_text(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:  # half a character
        return False


def _fields(text: str, kind: type[Order] | type[Report]) -> dict[str, Any]:
    try:
        content = json.loads(text[:LONGEST_LINE])
    except (ValueError, RecursionError) as error:
        raise BadLine("it is no JSON") from error
    if not isinstance(content, dict):
        raise BadLine("it is no JSON object")
    kinds = {"str": (str,), "int": (int,), "float": (int, float)}
    known = {field.name: kinds[str(field.type)] for field in fields(kind)}
    for name, types in known.items():
        if name in content and (not isinstance(content[name], types) or isinstance(content[name], bool)):
            raise BadLine(f"{name} is of the wrong type")
    return {name: value for name, value in content.items() if name in known}


def recent(version: str) -> bool:
    """Whether a viewer of this version can talk to that one of ours."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    found = tuple(int(part) for part in numbers[0].split(".")) if numbers else ()
    return found + (0,) * (3 - len(found)) >= OLDEST


def stamped(token: str, purpose: str, now: float) -> str:
    """A text that proves, once and within five minutes, that its maker knows the token, without telling it.

    Args:
        purpose: what it is good for: `OPEN` a browser by `?once=`, `BEAT`, or `END`.
        now: the far clock, Unix seconds.
    """
    text = f"{int(now)}.{secrets.token_urlsafe(12)}"
    return f"{text}.{_signature(token, purpose, text)}"


def made_at(token: str, purpose: str, stamp: str) -> float | None:
    """When a stamp was made, by the clock of its maker; `None` when not with this token or for something else."""
    text, _, signature = stamp.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(token, purpose, text).encode()):
        return None
    return float(text.partition(".")[0])


def proof(token: str, stamp: str) -> str:
    """What only somebody with the token can answer to a stamp: another program may have taken the port over."""
    return _signature(token, "answer", stamp)


def client_token(token: str) -> str:
    """Return the token that programs may show to a viewer; it opens the API and makes no stamps."""
    return _signature(token, "client", "api")


def _signature(token: str, purpose: str, text: str) -> str:
    return hmac.new(token.encode(), f"{purpose} {text}".encode(), hashlib.sha256).hexdigest()
