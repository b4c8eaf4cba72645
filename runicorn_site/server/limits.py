"""Limits of the process: open files, and memory that the allocator keeps."""

from __future__ import annotations

import ctypes
import logging
import sys
from contextlib import suppress

logger = logging.getLogger(__name__)

MOST_DESCRIPTORS = 65_536

MALLOC_OPTIONS = {
    "M_ARENA_MAX": (-8, 2),
    "M_MMAP_THRESHOLD": (-3, 256 * 1024),
    "M_TRIM_THRESHOLD": (-1, 32 * 1024 * 1024),
}
"""Number and value of each option of glibc's `mallopt`.

By default glibc has up to eight heaps a core, and raises the size from which a buffer is returned to the system at once to
that of the largest buffer freed, so that a few large responses in a dozen threads leave tens of megabytes behind.
The charts of 50 runs take 25 MB in small buffers; returning and fetching these pages costs a fifth of each response.
"""


def raise_descriptor_limit() -> int | None:
    """Raise the soft limit of open files to the hard one and return it; None where the system has no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    target = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= target:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
    except (OSError, ValueError) as error:
        logger.warning("The limit of %d open files could not be raised to %d: %s", soft, target, error)
        return soft
    return target


def limit_allocator() -> bool:
    """Have freed memory returned to the system; False where the C library is not glibc."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl has none
        return False
    set_options = [mallopt(number, value) for number, value in MALLOC_OPTIONS.values()]
    return all(set_options)


def return_free_memory() -> None:
    """Return freed pages between those in use to the system, within milliseconds; glibc returns only its heap's end."""
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # musl has none
            ctypes.CDLL(None).malloc_trim(0)
