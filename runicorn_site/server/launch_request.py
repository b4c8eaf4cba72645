"""Launch request of a viewer on another host, read from standard input."""

from __future__ import annotations

import os
import select
import sys
import time
from dataclasses import replace
from pathlib import Path

from runicorn.remote_protocol import LONGEST_LINE, BadLine, LaunchRequest, parse_launch_request
from runicorn_site.server.options import Options

REQUEST_SECONDS = 30.0


class NoLaunchRequest(Exception):
    """Standard input held no valid launch request."""


def read_launch_request(options: Options) -> tuple[Options, LaunchRequest]:
    """Read the launch request, close standard input, and return `options` as the request wants them.

    Raises:
        NoLaunchRequest: none came in time, or it is invalid.
    """
    try:
        request = parse_launch_request(_first_line(sys.stdin.fileno()))
    except (BadLine, OSError, UnicodeDecodeError) as error:
        raise NoLaunchRequest(
            f"--remote-mode reads a launch request of another viewer from standard input: {error}"
        ) from error
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    storage = Path(request.root) if request.root else options.storage
    return replace(options, host="127.0.0.1", port=request.port, storage=storage), request


def _first_line(descriptor: int) -> str:
    """Read up to the first newline, and nothing behind it."""
    line = b""
    deadline = time.monotonic() + REQUEST_SECONDS
    while not line.endswith(b"\n") and len(line) < LONGEST_LINE:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(descriptor, 1) if ready else b""
        if not piece:
            break
        line += piece
    return line.decode("utf-8")
