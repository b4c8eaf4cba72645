"""Server that a run is uploaded to, from the arguments of `init` or the environment."""

from __future__ import annotations

import math
import os
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from runicorn.settings import user
from runicorn.store.notices import say

DEFAULT_TIMEOUT = 30.0


class Target(NamedTuple):
    """URL of a server, "" for none, and the seconds that the end of a run waits for its upload.

    Attributes:
        is_chosen: whether the user chose these seconds.
    """

    url: str
    timeout: float
    is_chosen: bool = True

    @classmethod
    def of(cls, url: str | None, upload_timeout: float | None) -> Target:
        """Return the target from the arguments of `init`, else from `RUNICORN_URL` and `RUNICORN_UPLOAD_TIMEOUT`.

        Raises:
            ValueError: an argument is malformed. A malformed variable is reported on stderr.
        """
        server = _server_url(url)
        is_chosen = upload_timeout is not None or "RUNICORN_UPLOAD_TIMEOUT" in os.environ
        return cls(server, _timeout(upload_timeout) if server else 0.0, is_chosen)


def check_url(url: str) -> str:
    """Return the URL of a server without a slash at its end; "" stays "".

    Raises:
        ValueError: it is malformed.
    """
    parts = urlsplit(url.strip())
    try:
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if is_valid and not (parts.query or parts.fragment):
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    if url:
        raise ValueError(f"url must be like http://host:23300, not {url!r}")
    return ""


def check_seconds(value: float, name: str) -> float:
    """Return a number of seconds.

    Raises:
        ValueError: it is not a number of at least 0; the message names it.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number of seconds, 0 or more, not {value!r}")
    return float(value)


def _server_url(url: str | None) -> str:
    if url is not None:
        return check_url(url) if url else ""
    try:
        return check_url(user.get("RUNICORN_URL"))
    except ValueError as error:
        say(f"RUNICORN_URL: {error}; the run is only stored locally.")
        return ""


def _timeout(seconds: float | None) -> float:
    if seconds is not None:
        return check_seconds(seconds, "upload_timeout")
    text = user.get("RUNICORN_UPLOAD_TIMEOUT")
    try:
        return check_seconds(float(text), "RUNICORN_UPLOAD_TIMEOUT")
    except ValueError:
        say(
            f"RUNICORN_UPLOAD_TIMEOUT must be a number of seconds, not {text!r}; {DEFAULT_TIMEOUT:g} is used."
        )
        return DEFAULT_TIMEOUT
