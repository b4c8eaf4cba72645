"""Options of a viewer process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 23300
    storage: Path | None = None
    open_browser: bool = False
    log_level: str = "INFO"
    token: str = ""
    """"" for the default of this machine, `auto`, `new`, or the path of a file with the token."""
    no_token: bool = False
    """Require no token, even if other people use the machine."""
    users: bool = False
    """Users sign in; the default if others can reach the address and no token is set."""
    auth_header: str = ""
    """Header in which trusted proxies name the user whom they have signed in."""
    allowed_hosts: tuple[str, ...] = ()
    reload: bool = False
    socket: Path | None = None
    """A Unix socket to listen on instead of an address; for its owner alone, and without a token."""
    base_path: str = ""
    """Path prefix of all addresses, such as `/runicorn`."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies whose `X-Forwarded-*` headers count."""
    artifact_pool: str = ""
    """URL of the bucket for the contents of uploaded artifacts, such as `s3://bucket/prefix`."""
    presigned_downloads: bool = False
    """Redirect downloads of files in the bucket to the bucket."""
    disable: tuple[str, ...] = ()
    """Capabilities to switch off; see `runicorn.settings.capabilities`."""
