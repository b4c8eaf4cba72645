"""The interface of `torch.utils.tensorboard` and `tensorboardX`, whose runs are written here."""

from __future__ import annotations

import sys
from typing import Any

from runicorn.compat.empty_modules import resolve
from runicorn.compat.tensorboard.summary_writer import FileWriter, GlobalSummaryWriter, SummaryWriter

__version__ = "2.6.5"
"""The version of tensorboardX whose interface this is."""
__all__ = ["FileWriter", "GlobalSummaryWriter", "RecordWriter", "SummaryWriter"]
SUBMODULES = frozenset({"writer", "global_writer", "utils", "event_file_writer", "proto", "record_writer"})
"""Names of sub-modules; those without content here have the names of this module."""
RecordWriter = FileWriter


def __getattr__(name: str) -> Any:
    """Return a sub-module, or a function that warns once."""
    return resolve("tensorboardX", sys.modules[__name__], name)
