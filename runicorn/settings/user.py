"""Environment variables, the user's folders and configuration, and the list of running viewers."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from runicorn import _platform
from runicorn.settings import default_root
from runicorn.store import layout, process_identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONFIG_FILE = "config.json"
PRIVATE_FILE, PRIVATE_FOLDER, FOR_OTHERS = 0o600, 0o700, 0o077

SETTINGS = {
    "RUNICORN_DIR": "",
    "RUNICORN_ON": "",
    "RUNICORN_MODE": "online",
    "RUNICORN_ALSO": "",
    "RUNICORN_URL": "",
    "RUNICORN_UPLOAD_TIMEOUT": "30",
    "RUNICORN_COMPANION": "on",
    "RUNICORN_SOURCES": "on",
    "RUNICORN_TRIED": "on",
    "RUNICORN_PARENT": "",
    "RUNICORN_ARTIFACT_VERSIONS": "",
    "RUNICORN_CONFIG_DIR": "",
    "RUNICORN_DATA_DIR": "",
    "RUNICORN_DATABASE_URL": "",
    "RUNICORN_CACHE_URL": "",
    "RUNICORN_ARTIFACT_POOL": "",
    "RUNICORN_PRESIGNED_DOWNLOADS": "",
    "RUNICORN_RATE_LIMIT": "on",
    "RUNICORN_MAX_SOCKETS": "10",
    "RUNICORN_ALLOWED_HOSTS": "",
    "RUNICORN_BASE_PATH": "",
    "RUNICORN_TRUSTED_PROXY": "",
    "RUNICORN_PUBLIC_URL": "",
    "RUNICORN_EMBED_ORIGINS": "",
    "RUNICORN_TOKEN": "",
    "RUNICORN_USERS": "",
    "RUNICORN_SIGN_UP_ROLE": "",
    "RUNICORN_OIDC_ISSUER": "",
    "RUNICORN_OIDC_CLIENT_ID": "",
    "RUNICORN_OIDC_CLIENT_SECRET": "",
    "RUNICORN_OTHER_USERS": "auto",
    "RUNICORN_DISABLE": "",
    "RUNICORN_IMPORT_MEMBERS": "200000",
    "RUNICORN_IMPORT_BYTES": "20000000000",
    "RUNICORN_IMPORT_RATIO": "200",
    "RUNICORN_RESERVE": "1GB,5%",
    "RUNICORN_MIRROR_BYTES": "",
    "RUNICORN_REMOTE_PATIENCE": "120",
    "RUNICORN_DEBUG": "",
}
"""Environment variables with their defaults; `docs/reference/settings.md` explains each."""


def get(name: str) -> str:
    """Return the value of one of `SETTINGS`; unset and empty variables have their default."""
    return os.environ.get(name) or SETTINGS[name]


def is_on(name: str) -> bool:
    """Return whether one of `SETTINGS` that are switches is on. Raises as `get`."""
    return get(name).lower() in {"1", "true", "yes", "on"}


def config_directory() -> Path:
    """Return the directory of the user's configuration, accessible to the user only; created if missing."""
    return _private_folder(get("RUNICORN_CONFIG_DIR"), _platform.config_home)


def data_directory() -> Path:
    """Return the directory of derived data, accessible to the user only; created if missing."""
    return _private_folder(get("RUNICORN_DATA_DIR"), _platform.data_home)


def _private_folder(setting: str, usual: Any) -> Path:
    path = Path(os.path.abspath(os.path.expanduser(setting))) if setting else Path(usual())
    # `mode` applies to the last component only: the folders above belong to the system or the user.
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.stat().st_mode & FOR_OTHERS:  # Runicorn 0.5 left it open, with passwords in it
        with suppress(OSError):  # another user's, or on a disk that cannot be written
            if not setting or _is_private_inside(path):
                path.chmod(PRIVATE_FOLDER)
    return path


def _is_private_inside(folder: Path) -> bool:
    """Return whether no other user may access it: it is not a shared folder."""
    if folder.stat().st_mode & stat.S_ISVTX:
        return False
    with os.scandir(folder) as entries:
        return not any(entry.stat(follow_symlinks=False).st_mode & FOR_OTHERS for entry in entries)


def read_user_config() -> dict[str, Any]:
    """Return the content of `config.json`; {} if it is missing, unreadable or damaged."""
    try:
        folder = config_directory()
    except OSError:
        return {}
    # It may be a link, since people keep their dotfiles elsewhere.
    return layout.read_json(folder / CONFIG_FILE, follow_links=True)[0]


def write_user_config(update: dict[str, Any]) -> None:
    """Set the keys of `update` in `config.json` and keep the others. A value of None removes a key.

    Raises:
        OSError: it could not be written; the old file is unchanged.
    """
    folder = config_directory()
    with _platform.file_lock(folder / f".{CONFIG_FILE}.lock"):
        merged = {**read_user_config(), **update}
        remaining = {key: value for key, value in merged.items() if value is not None}
        layout.write_json(Path(os.path.realpath(folder / CONFIG_FILE)), remaining, mode=PRIVATE_FILE)


def chosen_root(explicit: str | os.PathLike[str] | None = None) -> str:
    """Return the root of the argument, else of `RUNICORN_DIR`, else of the configuration; "" without any."""
    path = os.fspath(explicit) if explicit else get("RUNICORN_DIR")
    configured = "" if path else read_user_config().get("user_root_dir")
    return path or (configured if isinstance(configured, str) else "")


def storage_root(explicit: str | os.PathLike[str] | None = None) -> Path:
    """Return the storage root: the chosen one, else `./.runicorn`.

    Absolute, with `~` expanded and links resolved; it need not exist.
    """
    path = os.path.expanduser(chosen_root(explicit) or default_root.default_root())
    try:
        return Path(os.path.realpath(path))
    except OSError:  # the working directory is gone
        return Path(path)


def register_viewer(
    url: str,
    root: str | os.PathLike[str],
    token_needed: bool,
    token_file: Path | None = None,
    owner_passes: bool = False,
) -> Path:
    """Add this process, which serves `root` at `url`, to the list of viewers. The caller removes the file at its end.

    Args:
        token_needed: whether it requires a token.
        owner_passes: whether it requires a token from other users only.
    """
    folder = data_directory() / "viewers"
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    path = folder / f"{os.getpid()}.json"
    note = {
        "url": url,
        "root": os.path.realpath(root),
        "token_needed": token_needed,
        "token_file": str(token_file) if token_file else None,
        "owner_passes": owner_passes,
        "artifact_pool": get("RUNICORN_ARTIFACT_POOL"),
        "started_at": time.time(),
        **process_identity.own_identity(),
    }
    layout.write_json(path, note, mode=PRIVATE_FILE)
    return path


def move_viewer(root: str | os.PathLike[str]) -> None:
    """Update the entry of this process, if it serves, to another root."""
    path = data_directory() / "viewers" / f"{os.getpid()}.json"
    note, _ = layout.read_json(path)
    if note:
        layout.write_json(path, note | {"root": os.path.realpath(root)}, mode=PRIVATE_FILE)


def running_viewers() -> list[dict[str, Any]]:
    """Return the running viewers of this user on this machine, newest first."""
    try:
        paths = list((data_directory() / "viewers").glob("*.json"))
    except OSError:
        return []
    notes = [layout.read_json(path)[0] for path in paths]
    alive = [note for note in notes if _runs_here(note)]
    return sorted(alive, key=lambda note: float(note["started_at"]), reverse=True)


def token_of_viewer(url: str) -> str | None:
    """Return the token of this user's viewer at `url` on this machine, if it has one.

    Only live processes are considered: another user's program cannot have taken their port.
    """
    origin = _origin(url)
    for viewer in running_viewers():
        file = viewer.get("token_file")
        if isinstance(file, str) and origin == _origin(viewer["url"]):
            with suppress(OSError, ValueError):
                return Path(file).read_text(encoding="ascii").strip() or None
    return None


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme,
            "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or "",
            parts.port,
        )
    except ValueError:
        return None


def _runs_here(note: dict[str, Any]) -> bool:
    number = (float, type(None))
    kinds: dict[str, Any] = {
        "url": str,
        "root": str,
        "pid": int,
        "process_start": number,
        "started_at": float,
    }
    if not all(isinstance(note.get(key), kind) for key, kind in kinds.items()):
        return False
    return process_identity.is_alive(process_identity.ProcessRecord.from_dict(note))
