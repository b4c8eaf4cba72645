"""Encryption of saved secrets with a key file in the configuration directory (mode 0600).

Format: Fernet (https://github.com/fernet/spec) with the key in `.secret.key`, as Runicorn 0.5 writes it to
`connections.json`. The older format of `config.json` (`ENC:`, XOR with the 32 bytes of `.credential_key`) is read and
never written. `connections.json` alone reveals no secret; anyone who can read the whole directory can decrypt them,
just as they could use the user's own SSH keys.
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
"""First characters of encrypted texts: version byte 128 with a time before 2106, and the prefix of the old format."""
KEY_BYTES = 64
logger = logging.getLogger(__name__)


def encrypt(text: str) -> str:
    """Return a text encrypted, in ASCII; the key file is created by the first call."""
    from cryptography.fernet import Fernet

    return Fernet(_key()).encrypt(text.encode("utf-8", "surrogatepass")).decode("ascii")


def decrypt(sealed: str) -> str | None:
    """Return the decrypted text, or None when the key is missing or another one.

    Text that is not encrypted is returned unchanged: Runicorn 0.5 stored keys and passphrases unencrypted.

    Raises:
        OSError: the key file exists and cannot be read.
    """
    if sealed.startswith(OLD):
        return _decrypt_old(sealed.removeprefix(OLD))
    if not is_encrypted(sealed):
        return sealed
    from cryptography.fernet import Fernet, InvalidToken

    if (key := _read(KEY_FILE)) is None:
        return None
    try:
        return Fernet(key).decrypt(sealed.encode("ascii")).decode("utf-8", "surrogatepass")
    except (InvalidToken, ValueError):
        return None


def is_encrypted(text: str) -> bool:
    return text.startswith(FERNET) and len(text) > 50 and text.isascii()


def _decrypt_old(text: str) -> str | None:
    key = _read(OLD_KEY_FILE)
    if not key:
        return None
    try:
        mixed = base64.b64decode(text, validate=True)
        return bytes(byte ^ other for byte, other in zip(mixed, cycle(key), strict=False)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _key() -> bytes:
    from cryptography.fernet import Fernet

    folder = config_directory()
    path = folder / KEY_FILE
    # Two viewers that create the key at the same time must agree on one.
    with _platform.file_lock(folder / f"{KEY_FILE}.lock"):
        key = _read(KEY_FILE)
        if key is not None:
            try:
                Fernet(key)
            except ValueError:
                logger.warning("%s contains no key and was renamed; secrets encrypted with it are lost", path)
                os.replace(path, path.with_name(KEY_FILE + DAMAGED))
            else:
                return key
        new_key = Fernet.generate_key()
        _platform.replace_file(path, new_key, PRIVATE_FILE)
        return new_key


def _read(name: str) -> bytes | None:
    path: Path = config_directory() / name
    try:
        content = _platform.read_regular(path, KEY_BYTES, follow_links=True)
    except FileNotFoundError:
        return None
    with suppress(OSError):  # a read-only disk keeps its permissions
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE_FILE)
    return content if name == OLD_KEY_FILE else content.strip()
