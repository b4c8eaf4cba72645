"""Limits of the process."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)

MOST_DESCRIPTORS = 65_536


def raise_descriptor_limit() -> int | None:
    """Raise the soft limit of open files to the hard one and return it; None where the system has no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        logger.warning("The limit of %d open files could not be raised to %d: %s", soft, wanted, error)
        return soft
    return wanted
