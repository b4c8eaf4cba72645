"""What a viewer of another machine orders of the one that it starts here, on standard input."""

from __future__ import annotations

import os
import select
import sys
import time
from dataclasses import replace
from pathlib import Path

from runicorn.remote_protocol import LONGEST_LINE, BadLine, read_order
from runicorn_site.server.serve import Options

ORDER_SECONDS = 30.0


class NoOrder(Exception):
    """Nobody said on standard input what to serve; the text says what is missing."""


def receive_order(options: Options) -> Options:
    """`options` with the order that comes on standard input, which is closed then.

    Raises:
        NoOrder: none came, or it makes no sense.
    """
    try:
        order = read_order(_first_line(sys.stdin.fileno()))
    except (BadLine, OSError, UnicodeDecodeError) as error:
        raise NoOrder(
            f"--remote-mode takes an order on standard input from another viewer: {error}"
        ) from error
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    storage = Path(order.root) if order.root else options.storage
    return replace(options, host="127.0.0.1", port=order.port, storage=storage, order=order)


def _first_line(descriptor: int) -> str:
    """What stands before the first newline; nothing behind it is taken."""
    read = b""
    deadline = time.monotonic() + ORDER_SECONDS
    while not read.endswith(b"\n") and len(read) < LONGEST_LINE:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = os.read(descriptor, 1) if ready else b""
        if not piece:
            break
        read += piece
    return read.decode("utf-8")
