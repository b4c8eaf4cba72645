"""HTTP client on the standard library with one persistent connection."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import os
import socket
import ssl
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

REPEATABLE = frozenset({"GET", "PUT"})
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
ERRORS = (OSError, http.client.HTTPException)
CONNECT_SECONDS = 10.0
"""Maximum time to wait for a connection."""
PROBE_SECONDS = 2.0
NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"})
"""Errors of a TLS handshake with a server that uses plain HTTP."""


class Answer(NamedTuple):
    status: int
    reason: str
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Return the JSON of the body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def without_password(url: str) -> str:
    """Return a URL without user name and password, for messages."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def api_path(*parts: str | int) -> str:
    """Return the quoted path of these parts below `/api`."""
    return "/api/" + "/".join(quote(str(part), safe="") for part in parts)


class HttpClient:
    """Send requests to one server. Not thread-safe.

    Args:
        url: URL of the server, `http://host:port/prefix`.
        timeout: seconds to wait for each part of a response; a connection is awaited for `CONNECT_SECONDS` at most.

    Raises:
        ValueError: the URL is malformed.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url must be like http://host:23300, not {without_password(url)!r}")
        self.url = url
        self._parts = parts
        self._timeout = timeout
        self._prefix = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None
        self._headers = {"Accept": "application/json", "Host": parts.netloc.rpartition("@")[2]}
        self._proxy = None if _is_loopback(parts.hostname) else _proxy_for(parts.scheme, parts.hostname)

    def request(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        body: Any,
        *,
        token: str | None,
        timeout: float | None = None,
    ) -> Answer:
        """Return the response, whatever its status.

        Args:
            path: path of the route, with a leading slash.
            body: bytes, or a value to send as JSON; None for none.
            timeout: seconds to wait for the response; by default that of the client.

        Raises:
            OSError, http.client.HTTPException: there was no response.
        """
        target = self._prefix + path + (f"?{urlencode(query)}" if query else "")
        headers = dict(self._headers)
        if self._proxy and self._parts.scheme == "http":
            target = f"http://{headers['Host']}{target}"
            headers |= _credentials(self._proxy, "Proxy-Authorization")
        headers |= {"Authorization": f"Bearer {token}"} if token else _credentials(self._parts.netloc)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = (
                "application/octet-stream" if isinstance(body, bytes) else "application/json"
            )
        is_reused = self._connection is not None
        try:
            return self._send(method, target, content, headers, timeout)
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server may have closed an idle connection; only a new one shows whether it is reachable.
            if not is_reused or method not in REPEATABLE:
                raise
            return self._send(method, target, content, headers, timeout)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def explain(self, error: Exception) -> str:
        """Return why no request can succeed until something is corrected; "" if a retry may succeed."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"The certificate of {without_password(self.url)} is not trusted ({error.verify_message}); REQUESTS_CA_BUNDLE names"
                " the file of its authority"
            )
        if isinstance(error, ssl.SSLError) and error.reason in NOT_TLS:
            return self.wrong_scheme()
        is_closed = isinstance(error, (http.client.HTTPException, ConnectionError))
        if is_closed and not isinstance(error, ConnectionRefusedError) and self.is_https_port():
            return self.wrong_scheme()
        return ""

    def wrong_scheme(self) -> str:
        """Return a message that the server uses the other one of http and https."""
        scheme = self._parts.scheme
        other = "http" if scheme == "https" else "https"
        return f"{without_password(self.url)} answers {other}, not {scheme}: use {other}:// in the address of the server"

    def is_https_port(self) -> bool:
        """Return whether plain HTTP was sent to a port on which the server uses TLS."""
        if self._parts.scheme != "http" or self._proxy:
            return False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent
        address = (self._parts.hostname or "", self._parts.port or 80)
        with (
            suppress(OSError),
            socket.create_connection(address, PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=self._parts.hostname),
        ):
            return True
        return False

    def _send(
        self, method: str, target: str, content: bytes | None, headers: dict[str, str], timeout: float | None
    ) -> Answer:
        is_reusable = False
        try:
            if self._connection is None:
                self._connection = self._connect()
            if self._connection.sock is not None:
                self._connection.sock.settimeout(timeout or self._timeout)
            self._connection.request(method, target, content, headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.reason, response.headers, response.read())
            is_reusable = not response.will_close
            return answer
        finally:
            if not is_reusable:
                self.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        secure = self._parts.scheme == "https"
        at_proxy = urlsplit(f"//{self._proxy}") if self._proxy else None
        near = (at_proxy.hostname or "", at_proxy.port or 8080) if at_proxy else (host, port)
        patience = min(self._timeout, CONNECT_SECONDS)
        connection: http.client.HTTPConnection
        if secure:
            connection = http.client.HTTPSConnection(*near, timeout=patience, context=_tls())
            if self._proxy:
                connection.set_tunnel(host, port or 443, _credentials(self._proxy, "Proxy-Authorization"))
        else:
            connection = http.client.HTTPConnection(*near, timeout=patience)
        connection.connect()
        return connection


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy_for(scheme: str, host: str) -> str | None:
    """Return `user:password@host:port` of the proxy that the environment sets for a host."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}").netloc


def _credentials(netloc: str, header: str = "Authorization") -> dict[str, str]:
    """Return the header of basic authentication for the credentials in a URL, if there are any."""
    before = netloc.rpartition("@")[0]
    return {header: "Basic " + base64.b64encode(unquote(before).encode()).decode()} if before else {}


def _tls() -> ssl.SSLContext:
    bundle = next((os.environ[name] for name in CERTIFICATES if os.environ.get(name)), None)
    if bundle:
        folder = os.path.isdir(bundle)
        return ssl.create_default_context(
            cafile=None if folder else bundle, capath=bundle if folder else None
        )
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not os.path.isdir(
        ssl.get_default_verify_paths().capath or ""
    ):
        # Python builds without the system's certificates, as on macOS, only have those of `certifi`.
        with suppress(ImportError):
            import certifi

            context.load_verify_locations(certifi.where())
    return context
