"""Changes that agents may still make."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from runicorn import _platform
from runicorn.settings import user


class Refused(Exception):
    """A change is not allowed; the text is a sentence for the agent."""


class Budget:
    """Changes of one server; with a file those of all servers that share it."""

    def __init__(self, most: int | None, path: Path | None = None) -> None:
        """Create the budget.

        Args:
            most: number of changes; None for none at all.
            path: file that counts the changes of a token, so that a new start of the server renews nothing.
        """
        self._most = most
        self._path = path
        self._spent = 0

    def spend(self, changes: int = 1) -> None:
        """Count changes before they are made.

        Raises:
            Refused: the server is read-only, or the budget is spent.
        """
        if self._most is None:
            raise Refused("This server is read-only: it was started without --write.")
        if self._path is None:
            self._spent = self._counted(self._spent, changes)
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _platform.file_lock(self._path.with_suffix(".lock"), mode=0o600):
            spent = self._counted(_read(self._path), changes)
            _platform.replace_file(self._path, json.dumps({"spent": spent}).encode(), mode=0o600)

    def _counted(self, spent: int, changes: int) -> int:
        remaining = (self._most or 0) - spent
        if changes > remaining:
            raise Refused(f"The budget of changes is spent: {max(remaining, 0)} left, {changes} needed.")
        return spent + changes


def path_of_token(token: str) -> Path:
    """Return the file that counts the changes by a token."""
    name = hashlib.sha256(token.encode()).hexdigest()[:24]
    return user.data_directory() / "agents" / f"{name}.json"


def _read(path: Path) -> int:
    try:
        spent = json.loads(path.read_bytes())["spent"]
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"The count of changes cannot be read: {path}") from error
    return spent if type(spent) is int else 0
