"""Names of the standard library that Python 3.9 or 3.10 lacks."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import BufferedReader

    from typing_extensions import NotRequired
else:

    def __getattr__(name: str) -> object:
        """Import `NotRequired` when a response declares it: a training does without `typing`."""
        if name != "NotRequired":
            raise AttributeError(name)
        import typing

        # Only the server evaluates the type hints of responses.
        return getattr(typing, name, typing.Any)


if sys.version_info >= (3, 11):
    from enum import StrEnum
else:
    from enum import Enum

    class StrEnum(str, Enum):
        """Enumeration of texts, each printed as it is."""

        __str__ = str.__str__
        __format__ = str.__format__


__all__ = ["NotRequired", "StrEnum", "module_command", "sha256"]

WITHOUT_DIRECTORY = (
    "import sys; del sys.path[0]; import runpy; runpy.run_module({!r}, run_name='__main__', alter_sys=True)"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command of `python -P -m`: modules in the working directory are not imported."""
    python = sys.executable or "python3"
    if sys.version_info >= (3, 11):
        return [python, "-P", "-m", module, *arguments]
    return [python, "-c", WITHOUT_DIRECTORY.format(module), *arguments]


def sha256(file: BufferedReader) -> str:
    """Return the SHA-256 of the rest of a file, in hexadecimal, in constant memory."""
    import hashlib

    if sys.version_info >= (3, 11):
        return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    while block := file.read(2**18):
        digest.update(block)
    return digest.hexdigest()
