"""Send messages to channels: our signed webhook, and everything else by apprise.

No response of a receiver and no address is in an error: both may contain secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import orjson

from alerts.delivery import messages, pictures
from alerts.delivery.addresses import EXTRA, WEBHOOK, ForbiddenAddress, check_host, hosts_of, webhook_url
from alerts.delivery.checked_connections import checked_connections
from alerts.models import AlertChannel, AlertEvent
from runicorn.api.urls import is_loopback
from runicorn.message import gettext_noop
from runicorn_site.web import encryption

SIGNATURE = "X-Runicorn-Signature"
CONNECT_SECONDS, RESPONSE_SECONDS = 5.0, 20.0
UNREADABLE = gettext_noop("The address was encrypted with another key. Enter it again.")


class NotSent(Exception):
    """A message could not be sent; the text says why."""


def send(channel: AlertChannel, events: Sequence[AlertEvent], *, pictured: bool = True) -> None:
    """Send one message about one event, or one about several.

    Args:
        pictured: add a picture of the curve to a message about one event, where the service accepts files.

    Raises:
        NotSent: it was not accepted.
    """
    is_error = any(event.level == "error" for event in events)
    if len(events) > 1:
        _send(channel, messages.folded(events), is_error)
    else:
        curve = events[0] if pictured else None
        _send(channel, messages.content(events[0]), is_error, curve)


def test(channel: AlertChannel) -> str | None:
    """Send a test message; return why it could not be sent, or None."""
    try:
        _send(channel, messages.test_content(), False)
    except NotSent as error:
        AlertChannel.objects.filter(pk=channel.pk).update(last_error=str(error))
        return str(error)
    AlertChannel.objects.filter(pk=channel.pk).update(last_error=None)
    return None


def _send(
    channel: AlertChannel, body: messages.Content, is_error: bool, curve: AlertEvent | None = None
) -> None:
    try:
        url, secret = encryption.decrypt(channel.url), encryption.decrypt(channel.secret)
    except OSError:
        url = secret = None
    if not url or secret is None:
        raise NotSent(UNREADABLE)
    if channel.kind == WEBHOOK:
        _post(webhook_url(url), secret, body)
    else:
        _notify(url, body, is_error, curve)


def _post(url: str, secret: str, body: messages.Content) -> None:
    # Not at the start of the server, of which it would take a seventh.
    import requests

    from alerts.delivery.checked_session import checked_session

    raw = orjson.dumps(body)
    headers = {"Content-Type": "application/json", "User-Agent": "Runicorn"}
    if secret:
        digest = hmac.new(secret.encode("utf-8", "surrogatepass"), raw, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={digest}"
    try:
        check_host(urlsplit(url).hostname or "")
        with checked_session() as session:
            session.trust_env = not is_loopback(url)
            with session.post(
                url,
                data=raw,
                headers=headers,
                timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
    except ForbiddenAddress as error:
        raise NotSent(gettext_noop("Nothing is sent to link-local addresses.")) from error
    except requests.Timeout as error:
        raise NotSent(gettext_noop("The receiver did not respond in time.")) from error
    except (OSError, ValueError) as error:
        raise NotSent(gettext_noop("The receiver cannot be reached.")) from error
    if not 200 <= status < 300:
        raise NotSent(f"The receiver responded with status {status}.")


def _notify(url: str, body: messages.Content, is_error: bool, curve: AlertEvent | None) -> None:
    try:
        from apprise import Apprise, AppriseAttachment, NotifyType
        from apprise.attachment.memory import AttachMemory
    except ImportError as error:
        raise NotSent(f"{EXTRA}.") from error
    plugin = Apprise.instantiate(url, suppress_exceptions=True)
    if plugin is None:
        raise NotSent(gettext_noop("The installed version of apprise does not know this kind of address."))
    plugin.redirects = False  # they could lead to a refused address
    image = pictures.picture(curve) if curve is not None and plugin.attachment_support else None
    files = AppriseAttachment()
    if image is not None:
        files.add(AttachMemory(content=image, name="curve.png", mimetype="image/png"))
    kinds = {"recovered": NotifyType.SUCCESS, "test": NotifyType.INFO}
    kind = NotifyType.FAILURE if is_error else kinds.get(body["event"], NotifyType.WARNING)
    try:
        for host in hosts_of(plugin):
            # A proxy may resolve what is unknown here; the domain of a mail address may have no host.
            with suppress(socket.gaierror):
                check_host(host)
        service = Apprise()
        service.add(plugin)
        with checked_connections():
            accepted = service.notify(
                title=messages.title(body),
                body=messages.text(body),
                notify_type=kind,
                attach=files if len(files) else None,
            )
    except ForbiddenAddress as error:
        raise NotSent(gettext_noop("Nothing is sent to link-local addresses.")) from error
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise NotSent(gettext_noop("The service cannot be reached.")) from error
    if not accepted:
        raise NotSent(gettext_noop("The service did not accept the message."))
