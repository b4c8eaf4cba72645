"""Identity of the machine and of its user."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256 as sha256
    from typing import Any
else:
    # Of the interpreter itself: `hashlib` loads OpenSSL.
    try:
        from _sha2 import sha256
    except ImportError:
        try:
            from _sha256 import sha256  # before Python 3.12
        except ImportError:
            from hashlib import sha256

WINDOWS = sys.platform == "win32"
MACOS = sys.platform == "darwin"


def machine_id() -> str:
    """Return a stable id of this machine: a digest, because the system's own id is confidential."""
    return sha256(b"runicorn " + _raw_machine_id().encode()).hexdigest()[:32]


def _raw_machine_id() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        if text := first_line(path):
            return text
    if WINDOWS and (guid := _windows_machine_guid()):
        return guid
    return host_name()  # containers often have no id of their own; their host name is one


def _windows_machine_guid() -> str:
    import importlib

    winreg: Any = importlib.import_module("winreg")
    with (
        suppress(OSError),
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key,
    ):
        return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    return ""


def host_name() -> str:
    import socket

    return socket.gethostname()


def user_name() -> str:
    """Return the name of the user of this machine, or "" for a number without an account, as in containers."""
    with suppress(KeyError, OSError):
        import getpass  # rarely needed

        return getpass.getuser()
    return ""


def system_name() -> str:
    """Return the operating system in the form `Linux 6.1.0 (x86_64)`."""
    if WINDOWS:
        import platform

        return f"{platform.system()} {platform.release()} ({platform.machine()})"
    name = os.uname()
    return f"{name.sysname} {name.release} ({name.machine})"


def boot_id() -> str:
    """Return an id that changes with every boot; "" if unknown."""
    return first_line("/proc/sys/kernel/random/boot_id")


def first_line(path: str) -> str:
    """Return the first line of a file without the spaces around it; "" if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""
