"""The user's storage root: a folder that is checked before it is set."""

from __future__ import annotations

import os
from pathlib import Path

from runicorn.message import Message
from runicorn.settings import user


class InvalidRoot(ValueError):
    """The folder cannot become the user's storage root; the message is the reason, without a full stop."""


def checked_root(text: str) -> Path:
    """Return the folder named by `text` if it is valid as the user's storage root; nothing is created.

    Absolute, or with a leading `~`; environment variables are not expanded.

    Raises:
        InvalidRoot: it is relative, not a folder, or cannot be written or created.
    """
    expanded = os.path.expanduser(text)
    if not os.path.isabs(expanded):
        raise InvalidRoot(Message("it must be absolute, or begin with ~"))
    try:
        path = Path(os.path.realpath(expanded))
        above = next(place for place in (path, *path.parents) if place.exists())
    except (OSError, ValueError) as error:
        raise InvalidRoot(
            getattr(error, "strerror", None) or Message("it is not a path of this system")
        ) from error
    if not above.is_dir():
        raise InvalidRoot(Message("{path} is not a folder", path=above))
    if not os.access(above, os.W_OK | os.X_OK):
        raise InvalidRoot(Message("{path} cannot be written", path=above))
    return path


def set_user_root(text: str) -> Path:
    """Set the user's storage root in `config.json` and create the folder if missing.

    Raises:
        InvalidRoot: see `checked_root`, or it could not be created; the configuration is unchanged.
    """
    path = checked_root(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRoot(error.strerror or Message("it could not be created")) from error
    user.write_user_config({"user_root_dir": str(path)})
    return path
