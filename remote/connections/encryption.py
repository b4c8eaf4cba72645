"""Secrets at rest: encrypted with a key that lies in the configuration directory, for its user alone. No Django.

Format: Fernet (https://github.com/fernet/spec) with the key in `.secret.key`, as Runicorn 0.5 has them in `connections.json`; what
it has in `config.json` (`ENC:`, XOR with the 32 bytes of `.credential_key`) is read, never written. A copy of `connections.json` alone tells nothing;
whoever may read the whole directory can open it, as they could log in with the user's own keys.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from runicorn import _platform
from runicorn.settings.user import PRIVATE_FILE, config_directory

KEY_FILE = ".secret.key"
DAMAGED = ".damaged"
OLD_KEY_FILE = ".credential_key"
FERNET, OLD = "gAAAAA", "ENC:"
"""How sealed texts begin: a version byte of 128 and a time before the year 2106, and the mark of the old kind."""
KEY_BYTES = 64
logger = logging.getLogger(__name__)


def seal(text: str) -> str:
    """An encrypted text, in ASCII; the key is made at the first call.

    Raises:
        OSError: the key cannot be read or written.
    """
    from cryptography.fernet import Fernet

    return Fernet(_key()).encrypt(text.encode("utf-8", "surrogatepass")).decode("ascii")


def unseal(sealed: str) -> str | None:
    """The text; `None` when the key is not the one that it was encrypted with, or is gone.

    What is not encrypted at all comes out as it is: Runicorn 0.5 left keys and passphrases in the clear.

    Raises:
        OSError: the key is there and cannot be read.
    """
    if sealed.startswith(OLD):
        return _unseal_old(sealed.removeprefix(OLD))
    if not is_sealed(sealed):
        return sealed
    from cryptography.fernet import Fernet, InvalidToken

    if (key := _read(KEY_FILE)) is None:
        return None
    try:
        return Fernet(key).decrypt(sealed.encode("ascii")).decode("utf-8", "surrogatepass")
    except (InvalidToken, ValueError):
        return None


def is_sealed(text: str) -> bool:
    """Whether a text of a file is one that `seal` made."""
    return text.startswith(FERNET) and len(text) > 50 and text.isascii()


def _unseal_old(text: str) -> str | None:
    key = _read(OLD_KEY_FILE)
    if not key:
        return None
    try:
        mixed = base64.b64decode(text, validate=True)
        return bytes(one ^ other for one, other in zip(mixed, cycle(key), strict=False)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _key() -> bytes:
    from cryptography.fernet import Fernet

    folder = config_directory()
    path = folder / KEY_FILE
    # Two viewers that start to keep secrets at once are to agree on one key.
    with _platform.file_lock(folder / f"{KEY_FILE}.lock"):
        found = _read(KEY_FILE)
        if found is not None:
            try:
                Fernet(found)
            except ValueError:
                logger.warning("%s holds no key; it was moved aside, and what it had encrypted is lost", path)
                os.replace(path, path.with_name(KEY_FILE + DAMAGED))
            else:
                return found
        made = Fernet.generate_key()
        _platform.replace_file(path, made, PRIVATE_FILE)
        return made


def _read(name: str) -> bytes | None:
    path: Path = config_directory() / name
    try:
        found = _platform.read_regular(path, KEY_BYTES, follow_links=True)
    except FileNotFoundError:
        return None
    with suppress(OSError):  # on a read-only disk it stays as it is
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE_FILE)
    return found if name == OLD_KEY_FILE else found.strip()
