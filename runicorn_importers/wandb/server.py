"""Requests to the GraphQL API of Weights & Biases, within its rate limits."""

from __future__ import annotations

import netrc
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth

from runicorn.api.transport import retry_after
from runicorn.api.urls import is_loopback, origin
from runicorn.settings import free_space
from runicorn_importers.experiment import NotReadable

URL = "https://api.wandb.ai"
TRIES = 6
TIMEOUT = 60.0
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WAIT = 1.0, 30.0, 900.0
"""Seconds: pauses after a failure double; a server may ask for more."""
PASSING = frozenset({429, 500, 502, 503, 504})
BLOCK = 1 << 20
ABSENT = frozenset({403, 404})


def address() -> str:
    """Return the URL of the server: `WANDB_BASE_URL`, or the public one."""
    return os.environ.get("WANDB_BASE_URL", "").rstrip("/") or URL


def known_key(url: str) -> str:
    """Return the API key from `WANDB_API_KEY` or the user's netrc file, as `wandb login` stores it; "" without one."""
    if key := os.environ.get("WANDB_API_KEY", "").strip():
        return key
    file = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        login = netrc.netrc(file).authenticators(urlsplit(url).hostname or "")
    except (OSError, netrc.NetrcParseError):
        return ""
    return login[2] if login else ""


class Server:
    """A server of W&B.

    Args:
        key: API key.
        sleep: function that waits a number of seconds.
    """

    def __init__(self, url: str, key: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url, self._key, self._sleep = url, key, sleep
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(url)  # proxies

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a query.

        Raises:
            NotReadable: the server refused it, or could not be reached.
        """
        body = {"query": text, "variables": variables}
        response = self._send("POST", f"{self.url}/graphql", json=body)
        try:
            content = response.json()
        except ValueError:
            content = {}
        if errors := content.get("errors"):
            raise NotReadable(f"W&B refused a query: {errors[0].get('message') or errors[0]}")
        data = content.get("data")
        if not isinstance(data, dict):
            raise NotReadable(f"{self.url} is not a server of W&B.")
        return data

    def download(self, url: str, target: Path) -> bool:
        """Write a file; return False if the server does not have it.

        Raises:
            NotReadable: it could not be fetched.
        """
        with self._send("GET", urljoin(self.url + "/", url), stream=True) as response:
            if response.status_code in ABSENT:
                return False
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            try:
                space = free_space.ReserveCheck(target.parent)
                with part.open("wb") as file:
                    for block in response.iter_content(BLOCK):
                        space.require(len(block))
                        file.write(block)
            except requests.RequestException as error:
                raise NotReadable(f"{target.name} could not be downloaded: {error}") from error
            part.replace(target)
        return True

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        """Return a response; failures that may pass are tried again, after the time the server asks for."""
        # Files are on other hosts with signed URLs, which do not get the key.
        auth = HTTPBasicAuth("api", self._key) if origin(url) == origin(self.url) else _no_auth
        for attempt in range(TRIES):
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * random.uniform(0.5, 1)
            try:
                response = self._session.request(method, url, auth=auth, timeout=TIMEOUT, **options)
            except requests.RequestException as error:
                if attempt == TRIES - 1:
                    raise NotReadable(f"{self.url} could not be reached: {error}") from error
            else:
                if response.status_code < 300 or (method == "GET" and response.status_code in ABSENT):
                    return response
                if response.status_code == 401:
                    raise NotReadable("W&B refused the API key.")
                delay = _asked_pause(response)
                response.close()
                if response.status_code not in PASSING or attempt == TRIES - 1 or (delay or 0) > LONGEST_WAIT:
                    raise NotReadable(f"{self.url} answered with status {response.status_code}.")
                pause = pause if delay is None else delay
            self._sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, not even those in the netrc file."""
    return request


def _asked_pause(response: requests.Response) -> float | None:
    """Return the seconds of `Retry-After`, or until the limit of an exhausted quota is renewed."""
    delay = retry_after(response)
    reset = response.headers.get("RateLimit-Reset", "")
    return float(reset) if delay is None and reset.isdecimal() else delay
