"""HTTP requests to a server: one session per thread, retries of idempotent requests, errors with the server's message.

Retries are counted here because urllib3 stops counting before the body of a response has been read.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import IO, Any

import requests
from requests.auth import AuthBase

from runicorn.api import urls
from runicorn.api.errors import ConnectionError, RunicornAPIError, ServerError, kind_of
from runicorn.settings import user

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
PASSING = frozenset({429, 502, 503, 504})
LONGEST_WAIT = 60.0
"""Longest `Retry-After` in seconds that is respected; with a longer one the error is raised at once."""
BYTES = {"Content-Type": "application/octet-stream"}
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 8.0
BLOCK = 1024 * 1024
_NO_ROUTE = {"not found", "there is nothing at this address"}

NOT_MODIFIED = 304
MOST_KEPT, LARGEST_KEPT = 64, 256 * 1024
"""Answers that are asked for again by their `ETag`, and bytes of the largest one."""

Query = Iterable[tuple[str, str]]
Place = tuple[str, tuple[tuple[str, str], ...]]
"""Path and query of a request."""


class _Credential(AuthBase):
    """Authorization header, passed per request so that the user's `.netrc` does not replace it."""

    def __init__(self, name: str, header: str) -> None:
        self.name = name
        self.header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.name] = self.header
        return request


def _bearer(token: str) -> _Credential:
    return _Credential("Authorization", f"Bearer {token}")


class Form:
    """Multipart form with one file, streamed while it is read.

    Args:
        file: open for reading in binary mode; its name is sent too.
        fields: further fields.
    """

    def __init__(self, file: IO[bytes], fields: Mapping[str, str]) -> None:
        self._boundary = os.urandom(16).hex()
        head = [self._part(f'name="{name}"') + value + "\r\n" for name, value in fields.items()]
        head.append(self._part('name="file"; filename="archive"\r\nContent-Type: application/octet-stream'))
        self._before = "".join(head).encode()
        self._after = f"\r\n--{self._boundary}--\r\n".encode()
        self._file = file
        self._start = file.tell()
        self._size = os.fstat(file.fileno()).st_size - self._start

    @property
    def headers(self) -> dict[str, str]:
        """Return the content type with its boundary."""
        return {"Content-Type": f"multipart/form-data; boundary={self._boundary}"}

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in blocks."""
        self._file.seek(self._start)
        yield self._before
        while block := self._file.read(BLOCK):
            yield block
        yield self._after

    def _part(self, about: str) -> str:
        return f"--{self._boundary}\r\nContent-Disposition: form-data; {about}\r\n\r\n"


class _Session(requests.Session):
    """Session without cookies that sends the token to its server only."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.trust_env = not urls.is_loopback(base_url)
        # The proxies of the environment are ignored for this machine, its certificates are used.
        bundles = filter(None, map(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")))
        self.verify = next(bundles, True)
        self.headers["Accept"] = "application/json"
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect, keep the token only for the same scheme, host and port, and never a cookie."""
        prepared_request.headers.pop("Cookie", None)
        here, there = response.request.url or "", prepared_request.url or ""
        if urls.origin(here) != urls.origin(there):
            prepared_request.headers.pop("Authorization", None)


class Transport:
    """Send requests to one server. Thread-safe: each thread has its own session.

    Args:
        base_url: URL of the server.
        timeout: seconds to wait for a connection, and then for each part of a response.
        max_retries: retries of idempotent requests.
        token: access token, if required; by default that of this user's viewer on this machine.
        sleep: function that waits a number of seconds.

    Raises:
        ValueError: an argument is invalid.
    """

    def __init__(
        self,
        base_url: str,
        timeout: float,
        max_retries: int,
        token: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if timeout <= 0 or max_retries < 0:
            raise ValueError("timeout must be above 0, and max_retries not below")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ValueError("A token is one line of ASCII characters")
        base_url, self._once = urls.split_once(base_url)
        self.base_url = urls.base(base_url)
        self.timeout = timeout
        self.max_retries = max_retries
        self._is_given = bool(token)
        self._auth = _bearer(token.strip()) if token else None
        self._sleep = sleep
        self._local = threading.local()
        self._sessions: weakref.WeakSet[_Session] = weakref.WeakSet()
        self._closed = False
        self._known: dict[Place, tuple[str, bytes]] = {}

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Query = (),
        body: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """Return the JSON of a response.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`.
        """
        place = (path, tuple(params))
        cached = self._known.get(place) if method == "GET" else None
        response = self.send(
            method, path, params=place[1], body=body, timeout=timeout, tag=cached[0] if cached else None
        )
        if response.status_code == NOT_MODIFIED and cached:
            return json.loads(cached[1])
        if method == "GET":
            self._remember(place, response)
        try:
            return response.json()
        except ValueError as error:
            raise ServerError(
                f"The response to {method} {path} is not JSON", status=response.status_code
            ) from error

    def _remember(self, place: Place, response: requests.Response) -> None:
        """Keep the last answers with a tag, to ask for them again only if they have changed."""
        tag = response.headers.get("ETag")
        if tag is None or len(response.content) > LARGEST_KEPT:
            self._known.pop(place, None)
            return
        self._known[place] = tag, response.content
        while len(self._known) > MOST_KEPT:
            with suppress(KeyError, RuntimeError, StopIteration):  # another thread was first
                del self._known[next(iter(self._known))]

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Query = (),
        body: Any = None,
        timeout: float | None = None,
        read: Callable[[requests.Response], object] | None = None,
        form: Form | None = None,
        tag: str | None = None,
    ) -> requests.Response:
        """Return a successful response; its body is in memory, or was passed to `read`.

        With the `ETag` of an earlier response as `tag` it may be a 304 without a body.

        Raises:
            RunicornAPIError: see `runicorn.api.errors`.
        """
        if self._closed:
            raise ConnectionError("The client is closed")
        retries = self.max_retries if method in IDEMPOTENT else 0
        for attempt in range(retries + 1):
            answer = self._attempt(method, path, params, body, timeout, read, form, tag)
            if _asks_for_token(answer) and (self._redeem_link() or self._find_token()):
                answer = self._attempt(method, path, params, body, timeout, read, form, tag)
            if isinstance(answer, requests.Response) and _is_success(answer, tag):
                return answer
            error, pause = self._failure(answer, method, path, attempt)
            if attempt == retries or pause is None:
                raise error from (answer if isinstance(answer, Exception) else None)
            self._sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _redeem_link(self) -> bool:
        """Exchange the one-time part of the URL for a cookie; return whether it was accepted."""
        if self._once is None:
            return False
        once, self._once = self._once, None
        with suppress(requests.RequestException):
            response = self.session().get(
                self.base_url + "/", params={"once": once}, allow_redirects=False, timeout=self.timeout
            )
            pairs = [f"{name}={value}" for name, value in response.cookies.items()]
            if pairs:
                self._auth, self._is_given = _Credential("Cookie", "; ".join(pairs)), True
            return bool(pairs)
        return False

    def _find_token(self) -> bool:
        """Use the token of this user's viewer on this machine, unless one was given; return whether it is new."""
        if self._is_given or not urls.is_loopback(self.base_url):
            return False
        token = user.token_of_viewer(self.base_url)
        if token is None or (self._auth is not None and self._auth.header == f"Bearer {token}"):
            return False
        self._auth = _bearer(token)
        return True

    def close(self) -> None:
        """Close the connections of all threads. The client cannot be used afterwards."""
        self._closed = True
        for session in list(self._sessions):
            session.close()

    def _attempt(
        self,
        method: str,
        path: str,
        params: Query,
        body: Any,
        timeout: float | None,
        read: Callable[[requests.Response], object] | None,
        form: Form | None,
        tag: str | None,
    ) -> requests.Response | requests.RequestException:
        is_bytes = isinstance(body, bytes)
        condition = {"If-None-Match": tag} if tag else None
        try:
            response = self.session().request(
                method,
                self.base_url + path,
                params=list(params),
                data=body if is_bytes else form,
                json=None if is_bytes else body,
                headers=BYTES if is_bytes else form.headers if form else condition,
                auth=self._auth,
                timeout=timeout or self.timeout,
                allow_redirects=method in {"GET", "HEAD"},
                stream=read is not None,
            )
            if read is not None and response.status_code < 300:
                with response:
                    read(response)
        except requests.RequestException as error:
            return error
        return response

    def _failure(
        self, answer: requests.Response | requests.RequestException, method: str, path: str, attempt: int
    ) -> tuple[RunicornAPIError, float | None]:
        """Return the error to raise, and the seconds until a retry if one makes sense."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * random.uniform(0.5, 1)
        if isinstance(answer, requests.RequestException):
            return ConnectionError(self._no_answer(answer)), pause if _may_pass(answer) else None
        error = error_of(answer, method, path)
        if answer.status_code not in PASSING:
            return error, None
        delay = retry_after(answer)
        if delay is not None:
            return error, delay if delay <= LONGEST_WAIT else None
        return error, pause

    def _no_answer(self, error: requests.RequestException) -> str:
        place = urls.without_password(self.base_url)
        if isinstance(error, requests.exceptions.SSLError):
            return f"The certificate of {place} is not trusted: {_cause(error)}"
        if isinstance(error, requests.Timeout):
            return f"{place} did not respond within {self.timeout:g} seconds"
        return f"No Runicorn viewer could be reached at {place}: {_cause(error)}"

    def session(self) -> _Session:
        """Return the session of this thread; a new one after a fork, since two processes cannot share a connection."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session, self._local.pid = _Session(self.base_url), os.getpid()
            self._sessions.add(self._local.session)
        session: _Session = self._local.session
        return session


def _is_success(answer: requests.Response, tag: str | None) -> bool:
    return answer.status_code < 300 or (tag is not None and answer.status_code == NOT_MODIFIED)


def _asks_for_token(answer: requests.Response | requests.RequestException) -> bool:
    return isinstance(answer, requests.Response) and answer.status_code == 401


def retry_after(response: requests.Response) -> float | None:
    """Return the seconds of a `Retry-After`, given as a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(
        0.0, (then.replace(tzinfo=then.tzinfo or timezone.utc) - datetime.now(timezone.utc)).total_seconds()
    )


def error_of(response: requests.Response, method: str, path: str) -> RunicornAPIError:
    """Return the error for a response with a status of 300 or more."""
    status = response.status_code
    try:
        payload = response.json()
    except (ValueError, requests.RequestException):
        payload = None
    if status < 400:
        detail = f"{path} redirects to {urls.without_password(response.headers.get('Location', ''))}: connect to that URL"
    elif status == 405 or (status == 404 and _names_no_object(payload)):
        sentence = _sentence(payload)
        detail = f"This server does not offer {method} {path}{f' ({sentence})' if sentence else ''}"
    else:
        detail = _sentence(payload) or f"{method} {path} failed with status {status} {response.reason}"
    return kind_of(status, payload)(detail, status=status, payload=payload)


def _names_no_object(payload: Any) -> bool:
    """Return whether a 404 is about the route: then its message names neither a run nor an artifact."""
    return (_sentence(payload) or "not found").rstrip(".").lower() in _NO_ROUTE


def _sentence(payload: Any) -> str:
    """Return the server's message; for a host key conflict the one inside `detail`."""
    detail = payload.get("detail") if isinstance(payload, Mapping) else None
    if isinstance(detail, Mapping):
        detail = detail.get("message")
    return detail if isinstance(detail, str) else str(detail) if detail else ""


def _may_pass(error: requests.RequestException) -> bool:
    """Return whether a retry may succeed. A request that timed out may still be in progress."""
    if isinstance(error, (requests.exceptions.SSLError, requests.exceptions.ReadTimeout)):
        return False
    return isinstance(
        error,
        (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ),
    )


def _cause(error: BaseException) -> str:
    """Return the message of the innermost cause: those of the libraries around it are long and add nothing."""
    cause = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
