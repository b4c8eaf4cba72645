"""Find the accounts of other people on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from runicorn.settings.user import get

SETTING = "RUNICORN_OTHER_USERS"
ANSWERS = {"yes": True, "no": False, "auto": None}
FIRST_UID = 1000
NOBODY = 65534
NO_LOGIN = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown"})
LOGIN_DEFS = Path("/etc/login.defs")
FOLDERS_OF_PEOPLE = (Path("/home"), Path("/run/user"))
"""SSSD and LDAP do not list their accounts by default, so the owners of these entries are looked up one by one."""


class BadSetting(Exception):
    """`RUNICORN_OTHER_USERS` has an unknown value."""


def others_use_this_machine() -> bool:
    """Return whether a viewer on the loopback address could be reached by other people.

    Raises:
        BadSetting: `RUNICORN_OTHER_USERS` has an unknown value.
    """
    value = get(SETTING).lower()
    if value not in ANSWERS:
        raise BadSetting(f"{SETTING} must be auto, yes or no, not {value!r}")
    answer = ANSWERS[value]
    return bool(other_people()) if answer is None else answer


def other_people() -> list[str]:
    """Return the names of accounts of people other than the user of this process.

    Such an account has a UID of at least `UID_MIN` and a login shell. Root is left out: it can read the files of every
    user anyway.
    """
    if os.name != "posix":
        return []
    import pwd

    first, own = first_uid(), os.geteuid()
    accounts = {account.pw_uid: account for account in pwd.getpwall()}
    for uid in set(_owners()) - accounts.keys():
        with suppress(KeyError):
            accounts[uid] = pwd.getpwuid(uid)
    return sorted(
        account.pw_name
        for uid, account in accounts.items()
        if uid >= first and uid not in (own, NOBODY) and can_log_in(account.pw_shell)
    )


def can_log_in(shell: str) -> bool:
    """Return whether an account with this shell is for a person; an empty one stands for /bin/sh."""
    return os.path.basename(shell) not in NO_LOGIN


def first_uid(definitions: Path = LOGIN_DEFS) -> int:
    """Return the first UID of people: `UID_MIN` of login.defs."""
    try:
        text = definitions.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return FIRST_UID
    match = re.search(r"^\s*UID_MIN\s+(\d{1,9})\s*$", text, re.MULTILINE)
    return int(match[1]) if match else FIRST_UID


def _owners() -> Iterator[int]:
    for folder in FOLDERS_OF_PEOPLE:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    yield entry.stat(follow_symlinks=False).st_uid
